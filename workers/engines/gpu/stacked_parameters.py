"""Parameters, running statistics and what the optimizer keeps, of M models: matrices, one row a model, with views by
name.

With one row a model, the update of a bundle is a few operations for any number of layers, and models can be removed.
The weights of convolutions are stored in the order (3, 3, I, O), in which kernels and matrix products read them without
a copy; by name they have their usual shape. Every tensor and every row begins at a multiple of 16 numbers; what lies
between them stays 0.

M models, P numbers of a row of parameters, Q of running statistics, I input channels, O output channels.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

if TYPE_CHECKING:
    from jaxtyping import Float, Int64

    from workers.interfaces.networks.engine import State
Names = dict[str, Tensor]
# Numbers. Triton loads four at once where it knows that an address is a multiple of 16 bytes; of the distance between
# two rows, which it is told at run time, it looks only whether that is a multiple of 16.
ALIGNED = 16


class Weights:
    """The matrices keep their addresses in memory: all changes are in place."""

    def __init__(
        self, parameters: Names, buffers: Names, keeps: tuple[str, ...], device: str, dtype: torch.dtype
    ) -> None:
        """keeps: `STATE` of the optimizer."""
        self._shapes = {name: tuple(t.shape[1:]) for name, t in parameters.items()}
        self._buffer_shapes = {name: tuple(t.shape[1:]) for name, t in buffers.items()}
        self.values: Float[Tensor, "M P"] = rows(parameters).to(device, dtype)
        self.kept: dict[str, Float[Tensor, "M P"]] = {part: torch.zeros_like(self.values) for part in keeps}
        none = self.values.new_zeros(len(self.values), 0)
        self.statistics: Float[Tensor, "M Q"] = rows(buffers).to(device, dtype) if buffers else none
        self._name()

    def _name(self) -> None:
        self.parameters = by_name(self.values, self._shapes)
        self.buffers = by_name(self.statistics, self._buffer_shapes)

    def flat(self, gradients: Names) -> Float[Tensor, "M P"]:
        """Gradients by name as one matrix."""
        return rows({name: gradients[name] for name in self._shapes})

    def flat_statistics(self, found: Names) -> Float[Tensor, "M Q"]:
        """Statistics by name as one matrix."""
        return rows({name: found[name] for name in self._buffer_shapes})

    def state(self) -> State:
        """See `Engine.state`."""
        return {part: {name: _on_host(t) for name, t in named.items()} for part, named in self._parts().items()}

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


def rows(tensors: Names) -> Float[Tensor, "M P"]:
    """Tensors by name (M, ...) as one matrix, as they are stored."""
    parts = [_in_stored_order(tensor).flatten(1) for tensor in tensors.values()]
    return torch.cat([F.pad(p, (0, -p.shape[1] % ALIGNED)) if p.shape[1] % ALIGNED else p for p in parts], 1)


def by_name(matrix: Float[Tensor, "M P"], shapes: dict[str, tuple[int, ...]]) -> dict[str, Float[Tensor, "M ..."]]:
    """Views of the columns by name."""
    found, start = {}, 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        columns = matrix[:, start : start + size]
        if len(shape) == 4:
            o, i, height, width = shape
            found[name] = columns.unflatten(1, (height, width, i, o)).permute(0, 4, 3, 1, 2)
        else:
            found[name] = columns.unflatten(1, shape)
        start += size + -size % ALIGNED
    return found


def _in_stored_order(tensor: Float[Tensor, "M ..."]) -> Float[Tensor, "M ..."]:
    """Weights of convolutions (M, O, I, 3, 3) as (M, 3, 3, I, O)."""
    return tensor.permute(0, 3, 4, 2, 1) if tensor.ndim == 5 else tensor


def _on_host(tensor: Float[Tensor, "M ..."]) -> Float[Tensor, "M ..."]:
    """A copy in the usual order."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
