"""The layers of a network as linear operators, found by watching one forward pass; any network in plain PyTorch.

A convolution is the linear map from images of the size that it meets in the network, with its stride and zero padding;
a matrix is itself. Biases, batch norm and activations are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode

from workers.interfaces.net import layer_of
from workers.runtime import seeds
from workers.theory.lanczos import largest_one

if TYPE_CHECKING:
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

TOLERANCE = 1e-6  # of the square of an operator norm, relative


@dataclass(frozen=True)
class Convolution:
    """One call of a convolution: its weight as the network has it, the shape of its input, and what it maps to."""

    weight: Tensor
    shape: torch.Size
    apply: Callable[[Tensor, Tensor], Tensor]  # input, weight -> output


class _Watched(TorchFunctionMode):
    """Notes the convolutions that are computed while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Convolution] = []

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if function is torch.nn.functional.conv2d:
            inputs, weight, rest = args[0], args[1], args[3:]
            more = {key: value for key, value in named.items() if key != "bias"}

            def apply(x: Tensor, w: Tensor) -> Tensor:
                return torch.nn.functional.conv2d(x, w, None, *rest, **more)

            self.found.append(Convolution(weight, inputs.shape, apply))
        return function(*args, **named)


def operator_norms(snapshot: Snapshot, model: int) -> dict[str, float]:
    """The operator norm (largest singular value) of every layer of one model by its name; NaN where a weight is not
    finite. A layer whose weight is used several times has the largest of its norms."""
    seed = snapshot.settings[model].seed
    return _largest(snapshot, model, lambda _, w: _matrix_norm(w), lambda _, one: _convolution_norm(one, seed))


def row_norms_from_init(snapshot: Snapshot, model: int) -> dict[str, float]:
    """The sum of the Euclidean norms of the rows of A - A0 of every layer of one model by its name, A the layer as a
    matrix, with a row for each output (of a convolution each output position), and A0 that of the initial weights.

    A row of a convolution has the entries of its kernel that do not meet padding: the squares of all of them are the
    convolution of ones with the squared kernel.
    """
    initial = {name: value[model] for name, value in snapshot.initial.items()}

    def of_matrix(name: str, weight: Tensor) -> float:
        return float((weight - initial[name]).double().norm(dim=1).sum())

    def of_convolution(name: str, one: Convolution) -> float:
        squares = (one.weight.detach() - initial[name].view_as(one.weight)).double().square()
        ones = torch.ones(1, *one.shape[1:], dtype=squares.dtype, device=squares.device)
        return float(one.apply(ones, squares).clamp(min=0).sqrt().sum())

    return _largest(snapshot, model, of_matrix, of_convolution)


def _largest(
    snapshot: Snapshot, model: int, of_matrix: Callable[[str, Tensor], float],
    of_convolution: Callable[[str, Convolution], float],
) -> dict[str, float]:  # fmt: skip
    """A number of every layer of one model by its name, from its parameter's name and weight: the largest one where a
    weight is used several times."""
    parameters = {name: value.clone() for name, value in snapshot.of(model).items()}
    found = {layer_of(name): of_matrix(name, value[0]) for name, value in parameters.items() if value[0].ndim == 2}
    by_storage = {value.untyped_storage().data_ptr(): name for name, value in parameters.items()}
    for convolution in _convolutions(snapshot, parameters, model):
        name = by_storage.get(convolution.weight.untyped_storage().data_ptr())
        if name is not None:
            layer = layer_of(name)
            found[layer] = max(of_convolution(name, convolution), found.get(layer, 0.0))
    order = dict.fromkeys(layer_of(name) for name in parameters)
    return {layer: found[layer] for layer in order if layer in found}


def _convolutions(snapshot: Snapshot, parameters: dict[str, Tensor], model: int) -> list[Convolution]:
    with torch.no_grad(), _Watched() as watched:
        snapshot.forward(parameters, snapshot.images("train", model, 1), model)
    found: list[Convolution] = watched.found
    return found


def _matrix_norm(matrix: Tensor) -> float:
    if not matrix.isfinite().all():
        return float("nan")
    return float(torch.linalg.matrix_norm(matrix.double(), 2))


def _convolution_norm(convolution: Convolution, seed: int) -> float:
    """The square root of the largest eigenvalue of A^T A, A the convolution of one image without its bias."""
    weight = convolution.weight.detach().double()
    zero = torch.zeros(1, *convolution.shape[1:], dtype=torch.float64, device=weight.device, requires_grad=True)
    out = convolution.apply(zero, weight)

    def product(vector: NDArray[np.float64]) -> NDArray[np.float64]:
        x = torch.from_numpy(np.ascontiguousarray(vector).reshape(zero.shape)).to(weight.device)
        with torch.no_grad():
            image = convolution.apply(x, weight)
        (back,) = torch.autograd.grad(out, zero, image, retain_graph=True)
        return np.asarray(back.cpu().numpy().reshape(-1))

    first = seeds.generator(seed, "operator norm").normal(size=zero.numel())
    return float(np.sqrt(max(largest_one(product, first, TOLERANCE), 0.0)))
