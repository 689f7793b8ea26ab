"""Parameters, momentum and running statistics of M models as three matrices, one row a model, with views by name.

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

    def __init__(self, parameters: Names, buffers: Names, device: str, dtype: torch.dtype) -> None:
        self._shapes = {name: tuple(t.shape[1:]) for name, t in parameters.items()}
        self._buffer_shapes = {name: tuple(t.shape[1:]) for name, t in buffers.items()}
        models = len(next(iter(parameters.values())))
        self.values: Float[Tensor, "M P"] = _rows(parameters, models).to(device, dtype)
        self.velocity: Float[Tensor, "M P"] = torch.zeros_like(self.values)
        self.statistics: Float[Tensor, "M Q"] = _rows(buffers, models).to(device, dtype)
        self.parameters = by_name(self.values, self._shapes)
        self.momentum = by_name(self.velocity, self._shapes)
        self.buffers = by_name(self.statistics, self._buffer_shapes)

    def flat(self, gradients: Names) -> Float[Tensor, "M P"]:
        """Gradients by name as one matrix."""
        return torch.cat([gradients[name].flatten(1) for name in self._shapes], 1)

    def flat_statistics(self, found: Names) -> Float[Tensor, "M Q"]:
        """Statistics by name as one matrix."""
        return torch.cat([found[name] for name in self._buffer_shapes], 1)

    def state(self) -> State:
        """See `Engine.state`."""
        parts = {"parameters": self.parameters, "momentum": self.momentum, "buffers": self.buffers}
        return {part: {name: t.detach().cpu().clone() for name, t in d.items()} for part, d in parts.items()}

    def load(self, state: State) -> None:
        """See `Engine.load`."""
        mine = {"parameters": self.parameters, "momentum": self.momentum, "buffers": self.buffers}
        for part, tensors in mine.items():
            for name, tensor in tensors.items():
                tensor.copy_(state[part][name])

    def rows(self, models: Int64[Tensor, " m"]) -> Weights:
        """A copy of some of the models."""
        few = Weights.__new__(Weights)
        few._shapes, few._buffer_shapes = self._shapes, self._buffer_shapes
        few.values, few.velocity = self.values[models], self.velocity[models]
        few.statistics = self.statistics[models]
        few.parameters, few.momentum = by_name(few.values, self._shapes), by_name(few.velocity, self._shapes)
        few.buffers = by_name(few.statistics, self._buffer_shapes)
        return few

    def copy_rows(self, models: Tensor | slice, source: Weights) -> None:
        """Takes over `source`, whose rows are these models."""
        self.values[models], self.velocity[models] = source.values, source.velocity
        self.statistics[models] = source.statistics


def by_name(matrix: Float[Tensor, "M P"], shapes: dict[str, tuple[int, ...]]) -> dict[str, Float[Tensor, "M ..."]]:
    """Views of the columns by name."""
    sizes = [math.prod(shape) for shape in shapes.values()]
    parts = matrix.split(sizes, 1) if sizes else ()
    return {name: part.unflatten(1, shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _rows(tensors: Names, models: int) -> Float[Tensor, "M P"]:
    return torch.cat([torch.empty(models, 0), *(t.flatten(1) for t in tensors.values())], 1)
