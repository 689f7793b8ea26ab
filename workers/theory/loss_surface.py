"""Slices through a loss surface: its values around a point, along two directions and along the weights themselves.

At how many points, and how far from the weights: `Settings` of `workers.experiments.landscape`.

The random directions are filter-normalised (Li et al. 2018, "Visualizing the Loss Landscape of Neural Nets",
Section 4): every filter of a direction is as long as the same filter of the weights, so that the picture of a
homogeneous net does not depend on how its norm is spread over the layers. Biases do not move.

The two valleys are CBMM Memo 90, Figure 3: one that is flat along w_1, and one that slopes down towards infinity.

P weights, A values of alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workers.runtime import lease_watch
from workers.runtime.seeds import torch_generator

if TYPE_CHECKING:
    from jaxtyping import Float, Float64
    from torch import Tensor

Array = NDArray[np.float64]
VALLEY_POINT = 2.0  # w_1 of the point in the middle of a valley's slice; w_2 is 0 there


@dataclass(frozen=True)
class Surface:
    """A loss of flat weights, the point that is looked at, and two directions to look along."""

    loss: Callable[[Tensor], Tensor]
    point: Float[Tensor, " P"]
    first: Float[Tensor, " P"]
    second: Float[Tensor, " P"]


def quadratic_valley(w: Float[Tensor, " 2"]) -> Float[Tensor, ""]:
    """w_2^2 at weights w: flat along w_1, with Hessian diag(0, 2) everywhere."""
    return w[1] ** 2


def exponential_valley(w: Float[Tensor, " 2"]) -> Float[Tensor, ""]:
    """Mean logistic loss of f(x) = w.x on x = (1, 1) and (1, -1), both labelled 1.

    (log(1 + exp(-w_1 - w_2)) + log(1 + exp(-w_1 + w_2))) / 2 falls along w_1 for ever: no minimum at finite weights.
    """
    import torch

    margins = w[0] + w[1] * torch.tensor([1.0, -1.0], dtype=w.dtype, device=w.device)
    return torch.nn.functional.softplus(-margins).mean()


def valley(name: str) -> Surface:
    """`quadratic_valley` or `exponential_valley` about (2, 0), with the axes, as long as the point, as directions."""
    import torch

    axes = VALLEY_POINT * torch.eye(2, dtype=torch.float64)
    loss = {"quadratic_valley": quadratic_valley, "exponential_valley": exponential_valley}[name]
    return Surface(loss, axes[0], axes[0], axes[1])


def filter_normalised(
    parameters: Mapping[str, Float[Tensor, "*_"]], seed: int, which: int
) -> dict[str, Float[Tensor, "*_"]]:
    """A random direction for parameters by name; a filter is what makes one unit, that is, one index of the first axis.

    `which` tells directions of one seed apart. A filter that is 0 does not move, nor does a bias (one axis only).
    """
    import torch

    rng, out = torch_generator(seed, "direction", which), {}
    for name, value in parameters.items():
        drawn = torch.randn(value.shape, generator=rng, dtype=torch.float64).to(value)
        if value.ndim < 2:
            out[name] = torch.zeros_like(value)
        else:
            lengths = [t.flatten(1).norm(dim=1).view(-1, *[1] * (t.ndim - 1)) for t in (value, drawn)]
            out[name] = drawn * (lengths[0] / lengths[1])
    return out


def plane(surface: Surface, alpha: Float64[Array, " A"], beta: Float64[Array, " A"]) -> Float64[Array, " A"]:
    """Losses at point + alpha first + beta second."""
    moves = zip(alpha.tolist(), beta.tolist(), strict=True)
    return _values(surface, (surface.point + a * surface.first + b * surface.second for a, b in moves))


def along_weights(surface: Surface, scale: Float64[Array, " A"]) -> Float64[Array, " A"]:
    """Losses at scale times the point."""
    return _values(surface, (s * surface.point for s in scale.tolist()))


def slope_along_weights(surface: Surface) -> float:
    """d/ds of the loss at s times the point, at s = 1."""
    import torch

    at = surface.point.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(surface.loss(at), at)
    return float(gradient @ surface.point)


def _values(surface: Surface, points: Iterable[Tensor]) -> Float64[Array, " A"]:
    import torch

    found = []
    with torch.no_grad():
        for point in points:
            lease_watch.look()
            found.append(float(surface.loss(point)))
    return np.array(found)
