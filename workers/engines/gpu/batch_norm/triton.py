"""Batch norm by Triton kernels (workers/engines/gpu/kernels/batch_norm.py).

M models, B examples, P Q height and width of a map, C channels, S slabs of rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
import triton
from torch import Tensor

from workers.engines.gpu.kernels import batch_norm
from workers.engines.gpu.kernels.places import long
from workers.engines.gpu.layers import Normalised
from workers.nets.convnet import EPSILON

if TYPE_CHECKING:
    from jaxtyping import Float

ROWS, SLAB_ROWS, MAX_SLABS = 64, 1024, 32


class Tiles(NamedTuple):
    """How the rows of a layer are divided among programs."""

    models: int
    rows: int  # of a model
    channels: int
    columns: int  # channels of a program
    slabs: int
    each: int  # rows of a slab

    @staticmethod
    def of(maps: Float[Tensor, "M B P Q C"]) -> Tiles:
        """For maps of this shape."""
        m, b, p, q, c = maps.shape
        rows = b * p * q
        each = triton.cdiv(triton.cdiv(rows, min(triton.cdiv(rows, SLAB_ROWS), MAX_SLABS)), ROWS) * ROWS
        return Tiles(m, rows, c, min(max(1 << (c - 1).bit_length(), 4), 64), triton.cdiv(rows, each), each)

    def grid(self, parts: int) -> tuple[int, int, int]:
        """Programs for so many parts of the rows."""
        return parts, triton.cdiv(self.channels, self.columns), self.models


def normalise(sums: Float[Tensor, "M B P Q C"]) -> Normalised:
    """See `workers.engines.gpu.batch_norm`."""
    normal, t = sums.contiguous(), Tiles.of(sums)
    sizes = {"C": t.channels, "LONG": long(normal), "ROWS": ROWS, "COLUMNS": t.columns}
    parts, moments = normal.new_empty(t.models, 2, t.slabs, t.channels), normal.new_empty(3, t.models, t.channels)
    batch_norm.slab_moments[t.grid(t.slabs)](normal, parts, t.rows, t.each, **sizes)
    maps = torch.empty_like(normal)
    batch_norm.normalise[t.grid(triton.cdiv(t.rows, ROWS))](
        normal, maps, parts, moments, t.rows, t.each, t.slabs, EPSILON=EPSILON, SLABS=_power(t.slabs), **sizes
    )
    return Normalised(maps, normal, *moments)


def backward(
    slope: Float[Tensor, "M B P Q C"], normal: Float[Tensor, "M B P Q C"], inverse: Float[Tensor, "M C"]
) -> Float[Tensor, "M B P Q C"]:
    """See `workers.engines.gpu.batch_norm`."""
    slope, t = slope.contiguous(), Tiles.of(slope)
    sizes = {"C": t.channels, "LONG": long(normal), "ROWS": ROWS, "COLUMNS": t.columns}
    parts = slope.new_empty(t.models, 2, t.slabs, t.channels)
    batch_norm.slab_sums[t.grid(t.slabs)](slope, normal, parts, t.rows, t.each, **sizes)
    batch_norm.by_sums[t.grid(triton.cdiv(t.rows, ROWS))](
        slope, normal, inverse, parts, t.rows, t.slabs, SLABS=_power(t.slabs), **sizes
    )
    return slope


def _power(number: int) -> int:
    """The least power of 2 that is not below."""
    return 1 << (number - 1).bit_length()
