"""Batch norm of M models with few passes: maps move through memory 4 times forward, 5 times backward.

A first kernel sums over slabs of rows; each program of a second one sums over the slabs in a fixed order, and applies
the result. Slabs depend on one model's rows alone, so that results depend neither on timing nor on other models.
Squares are summed of differences from the slab's first row, so that a mean far from 0 costs no digits; the variances of
slabs are combined by Chan, Golub and LeVeque 1983, eq. 2.1.

A row is an output position (example, p, q) of a model; C channels, of which a program takes COLUMNS; `each` rows of a
slab. parts: (M, 2, slabs, C). LONG: whether a model's map has more numbers than 32 bits count.
"""

import triton.language as tl

from workers.engines.gpu.kernels.jit import jit
from workers.engines.gpu.kernels.places import rows_from


@jit
def _part(slab: tl.tensor, slabs: int, which: int, c: tl.tensor, C: tl.constexpr) -> tl.tensor:
    """Places in `parts` of one of the two sums."""
    return ((tl.program_id(2).to(tl.int64) * 2 + which) * slabs + slab) * C + c


@jit
def slab_moments(
    x: tl.tensor,
    parts: tl.tensor,
    rows: int,
    each: int,
    C: tl.constexpr,
    LONG: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
) -> None:
    """Of each slab and channel the mean, and the sum of squared differences from it."""
    model, slab = tl.program_id(2).to(tl.int64), tl.program_id(0)
    c = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    start = x + model * rows * C
    end = tl.minimum((slab + 1) * each, rows)
    shift = tl.load(start + slab.to(tl.int64) * each * C + c, mask=c < C, other=0.0)
    total, squares = tl.full((ROWS, COLUMNS), 0.0, tl.float32), tl.full((ROWS, COLUMNS), 0.0, tl.float32)
    for first in range(0, each, ROWS):
        row = rows_from(slab * each + first, ROWS, LONG)
        known = (row < end)[:, None] & (c < C)[None, :]
        value = tl.load(start + row[:, None] * C + c[None, :], mask=known, other=0.0)
        apart = tl.where(known, value - shift[None, :], 0.0)
        total += apart
        squares += apart * apart
    count = end - slab * each
    mean = tl.sum(total, 0) / count
    slabs = tl.num_programs(0)
    tl.store(parts + _part(slab, slabs, 0, c, C), shift + mean, mask=c < C)
    tl.store(parts + _part(slab, slabs, 1, c, C), tl.sum(squares, 0) - count * mean * mean, mask=c < C)


@jit
def normalise(
    x: tl.tensor, y: tl.tensor, parts: tl.tensor, moments: tl.tensor, rows: int, each: int, slabs: int,
    EPSILON: tl.constexpr, C: tl.constexpr, LONG: tl.constexpr, SLABS: tl.constexpr, ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
) -> None:  # fmt: skip
    """x becomes the normalised sums and y = ReLU(x). moments (3, M, C) become mean, variance and 1/std."""
    model, c = tl.program_id(2).to(tl.int64), tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    slab = tl.arange(0, SLABS)
    known = (slab < slabs)[:, None] & (c < C)[None, :]
    mean_of = tl.load(parts + _part(slab[:, None], slabs, 0, c[None, :], C), mask=known, other=0.0)
    squares_of = tl.load(parts + _part(slab[:, None], slabs, 1, c[None, :], C), mask=known, other=0.0)
    count = tl.where(slab < slabs, tl.minimum(rows - slab * each, each), 0).to(tl.float32)[:, None]
    mean = tl.sum(count * mean_of, 0) / rows
    between = mean_of - mean[None, :]
    var = tl.sum(squares_of + count * between * between, 0) / rows
    inverse = 1.0 / tl.sqrt_rn(var + EPSILON)
    if tl.program_id(0) == 0:
        place, models = model * C + c, tl.num_programs(2)
        tl.store(moments + place, mean, mask=c < C)
        tl.store(moments + models * C + place, var, mask=c < C)
        tl.store(moments + 2 * models * C + place, inverse, mask=c < C)
    row = rows_from(tl.program_id(0) * ROWS, ROWS, LONG)
    inside = (row < rows)[:, None] & (c < C)[None, :]
    at = model * rows * C + row[:, None] * C + c[None, :]
    normal = (tl.load(x + at, mask=inside, other=0.0) - mean[None, :]) * inverse[None, :]
    tl.store(x + at, normal, mask=inside)
    tl.store(y + at, tl.where(normal <= 0, 0.0, normal), mask=inside)  # unlike a maximum, this propagates NaN


@jit
def slab_sums(
    slope: tl.tensor, normal: tl.tensor, parts: tl.tensor, rows: int, each: int,
    C: tl.constexpr, LONG: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
) -> None:  # fmt: skip
    """Of each slab and channel the sums of the gradient, and of the gradient times the normalised sums."""
    model, slab = tl.program_id(2).to(tl.int64), tl.program_id(0)
    c = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    end = tl.minimum((slab + 1) * each, rows)
    total, along = tl.full((ROWS, COLUMNS), 0.0, tl.float32), tl.full((ROWS, COLUMNS), 0.0, tl.float32)
    for first in range(0, each, ROWS):
        row = rows_from(slab * each + first, ROWS, LONG)
        known = (row < end)[:, None] & (c < C)[None, :]
        at = model * rows * C + row[:, None] * C + c[None, :]
        g = tl.load(slope + at, mask=known, other=0.0)
        total += g
        along += g * tl.load(normal + at, mask=known, other=0.0)
    slabs = tl.num_programs(0)
    tl.store(parts + _part(slab, slabs, 0, c, C), tl.sum(total, 0), mask=c < C)
    tl.store(parts + _part(slab, slabs, 1, c, C), tl.sum(along, 0), mask=c < C)


@jit
def by_sums(
    slope: tl.tensor, normal: tl.tensor, inverse: tl.tensor, parts: tl.tensor, rows: int, slabs: int,
    C: tl.constexpr, LONG: tl.constexpr, SLABS: tl.constexpr, ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
) -> None:  # fmt: skip
    """slope becomes the gradient by the sums: (g - mean(g) - normal mean(g normal)) / std."""
    model, c = tl.program_id(2).to(tl.int64), tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    slab = tl.arange(0, SLABS)
    known = (slab < slabs)[:, None] & (c < C)[None, :]
    mean = tl.sum(tl.load(parts + _part(slab[:, None], slabs, 0, c[None, :], C), mask=known, other=0.0), 0) / rows
    along = tl.sum(tl.load(parts + _part(slab[:, None], slabs, 1, c[None, :], C), mask=known, other=0.0), 0) / rows
    scale = tl.load(inverse + model * C + c, mask=c < C, other=0.0)
    row = rows_from(tl.program_id(0) * ROWS, ROWS, LONG)
    inside = (row < rows)[:, None] & (c < C)[None, :]
    at = model * rows * C + row[:, None] * C + c[None, :]
    g, value = tl.load(slope + at, mask=inside, other=0.0), tl.load(normal + at, mask=inside, other=0.0)
    tl.store(slope + at, (g - mean[None, :] - value * along[None, :]) * scale[None, :], mask=inside)
