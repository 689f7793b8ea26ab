"""Eigenvalues of the Hessian of any loss of flat weights, from Hessian-vector products.

H v is the gradient of grad L(w) . v (Pearlmutter 1994): exact, at the cost of about two gradients, and H is never
formed. The few largest and smallest eigenvalues come from Lanczos' method.

P weights, k eigenvalues at either end, E eigenvalues that are known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workers.runtime import lease_watch
from workers.runtime.seeds import generator
from workers.theory.lanczos import largest as largest_of

if TYPE_CHECKING:
    from jaxtyping import Float, Float64
    from torch import Tensor

Array = NDArray[np.float64]
ROUNDING = 1e-16  # eigenvalues below this fraction of the largest are noise
FLAT = 1e-6  # eigenvalues are called flat up to this fraction of the largest absolute one
TOLERANCE = 1e-9  # of Lanczos' method, relative to the largest absolute eigenvalue


def products(
    loss: Callable[[Tensor], Tensor], weights: Float[Tensor, " P"]
) -> Callable[[Float[Tensor, " P"]], Float[Tensor, " P"]]:
    """The map from v to H v at the weights, for a loss that maps weights to one number and is not linear in them.

    The gradient is computed once; each product goes back through its graph, which is kept as long as the map is. Not by
    `torch.func`, whose gradients import PyTorch's compiler, nor by `grad_outputs`, which imports sympy: a second and
    half a second of processor time.
    """
    import torch

    at = weights.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(at), at, create_graph=True)

    def times(vector: Float[Tensor, " P"]) -> Float[Tensor, " P"]:
        # Backward twice: PyTorch's forward mode compiles its rules with a deprecated compiler, and warns of it.
        (product,) = torch.autograd.grad(gradient @ vector, at, retain_graph=True)
        return product

    return times


def spectrum(loss: Callable[[Tensor], Tensor], weights: Float[Tensor, " P"]) -> Float64[Array, " P"]:
    """All eigenvalues in descending order, from the dense Hessian: P products, and P^2 numbers of memory."""
    import torch

    units = torch.eye(len(weights), dtype=weights.dtype, device=weights.device)
    times = products(loss, weights)
    hessian = torch.stack([_product(times, unit) for unit in units]).cpu()
    return np.asarray(torch.linalg.eigvalsh((hessian + hessian.T) / 2).flip(0).numpy())


def _product(times: Callable[[Float[Tensor, " P"]], Float[Tensor, " P"]], unit: Float[Tensor, " P"]) -> Tensor:
    lease_watch.look()
    return times(unit)


def relative(eigenvalues: Float64[Array, " E"]) -> Float64[Array, " E"]:
    """Absolute eigenvalues over the largest of them, and ROUNDING where that is less: for a logarithmic axis."""
    return np.asarray(np.maximum(np.abs(eigenvalues) / np.abs(eigenvalues).max(), ROUNDING))


def extremes(
    loss: Callable[[Tensor], Tensor], weights: Float[Tensor, " P"], k: int, seed: int
) -> tuple[Float64[Array, " k"], Float64[Array, " k"]]:
    """The k largest and the k smallest eigenvalues, both in descending order; `seed` draws Lanczos' first vector.

    The smallest are the largest of s - H, s the largest absolute eigenvalue: where many are nearly 0, their error
    relative to themselves would never become small. Raises ValueError where 2k > P, for which there is `spectrum`.
    """
    p = len(weights)
    if not 0 < 2 * k <= p:
        raise ValueError(f"k must be from 1 to half of the {p} weights, got {k}; take the whole spectrum")
    first, times = generator(seed, "lanczos").normal(size=p), products(loss, weights)

    def product(vector: Array) -> Array:
        import torch

        v = torch.from_numpy(np.ascontiguousarray(vector).reshape(p)).to(weights)
        return np.asarray(times(v).cpu().numpy())

    largest = largest_of(product, first, k, TOLERANCE)
    shift = float(np.abs(largest_of(product, first, 1, TOLERANCE, "LM")[0]))
    smallest = shift - largest_of(lambda v: shift * v.reshape(p) - product(v), first, k, TOLERANCE)
    return largest, smallest[::-1]


def flat_fraction(eigenvalues: Float64[Array, " P"]) -> float:
    """The fraction of eigenvalues that are 0, up to FLAT of the largest absolute one."""
    return float(np.mean(np.abs(eigenvalues) <= FLAT * np.abs(eigenvalues).max()))


def negative_fraction(eigenvalues: Float64[Array, " P"]) -> float:
    """The fraction of eigenvalues that are below 0, by more than FLAT of the largest absolute one."""
    return float(np.mean(eigenvalues < -FLAT * np.abs(eigenvalues).max()))
