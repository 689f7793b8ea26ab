"""Parameters, running statistics and what the optimizer keeps, of M models: matrices, one row a model, with views by
name.

With one row a model, the update of a bundle is a few operations for any number of layers, and models can be removed.

M models, P parameters of a model, Q running statistics of a model.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Float, Int64

    from workers.interfaces.engine import State
Names = dict[str, Tensor]


class Weights:
    """The matrices keep their addresses in memory: all changes are in place."""

    def __init__(
        self, parameters: Names, buffers: Names, keeps: tuple[str, ...], device: str, dtype: torch.dtype
    ) -> None:
        """keeps: `STATE` of the optimizer."""
        self._shapes = {name: tuple(t.shape[1:]) for name, t in parameters.items()}
        self._buffer_shapes = {name: tuple(t.shape[1:]) for name, t in buffers.items()}
        models = len(next(iter(parameters.values())))
        self.values: Float[Tensor, "M P"] = _rows(parameters, models).to(device, dtype)
        self.kept: dict[str, Float[Tensor, "M P"]] = {part: torch.zeros_like(self.values) for part in keeps}
        self.statistics: Float[Tensor, "M Q"] = _rows(buffers, models).to(device, dtype)
        self._name()

    def _name(self) -> None:
        self.parameters = by_name(self.values, self._shapes)
        self.buffers = by_name(self.statistics, self._buffer_shapes)

    def flat(self, gradients: Names) -> Float[Tensor, "M P"]:
        """Gradients by name as one matrix."""
        return torch.cat([gradients[name].flatten(1) for name in self._shapes], 1)

    def flat_statistics(self, found: Names) -> Float[Tensor, "M Q"]:
        """Statistics by name as one matrix."""
        return torch.cat([found[name] for name in self._buffer_shapes], 1)

    def state(self) -> State:
        """See `Engine.state`."""
        return {part: {name: t.detach().cpu().clone() for name, t in d.items()} for part, d in self._parts().items()}

    def load(self, state: State) -> None:
        """See `Engine.load`."""
        for part, tensors in self._parts().items():
            for name, tensor in tensors.items():
                tensor.copy_(state[part][name])

    def _parts(self) -> State:
        kept = {part: by_name(matrix, self._shapes) for part, matrix in self.kept.items()}
        return {"parameters": self.parameters, **kept, "buffers": self.buffers}

    def rows(self, models: Int64[Tensor, " m"]) -> Weights:
        """A copy of some of the models."""
        few = Weights.__new__(Weights)
        few._shapes, few._buffer_shapes = self._shapes, self._buffer_shapes
        few.values, few.statistics = self.values[models], self.statistics[models]
        few.kept = {part: matrix[models] for part, matrix in self.kept.items()}
        few._name()
        return few

    def copy_rows(self, models: Tensor | slice, source: Weights) -> None:
        """Takes over `source`, whose rows are these models."""
        self.values[models], self.statistics[models] = source.values, source.statistics
        for part, matrix in self.kept.items():
            matrix[models] = source.kept[part]


def by_name(matrix: Float[Tensor, "M P"], shapes: dict[str, tuple[int, ...]]) -> dict[str, Float[Tensor, "M ..."]]:
    """Views of the columns by name."""
    sizes = [math.prod(shape) for shape in shapes.values()]
    parts = matrix.split(sizes, 1) if sizes else ()
    return {name: part.unflatten(1, shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _rows(tensors: Names, models: int) -> Float[Tensor, "M P"]:
    return torch.cat([torch.empty(models, 0), *(t.flatten(1) for t in tensors.values())], 1)
