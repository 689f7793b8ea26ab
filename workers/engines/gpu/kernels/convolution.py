"""The convolutions of M models as matrix products that read the windows where they are: one kernel a direction.

Forward adds bias and ReLU on the way out. The gradient by the data takes the pixels in four classes, even and odd rows
and columns, each of which sees only the taps that reach it: a transposed convolution of stride 2 without its zeros. The
gradient by the weights is summed over a fixed number of slabs, then over slabs in a fixed order: no atomics, so that
results depend neither on timing nor on the other models: the slabs are determined by one model's rows alone.

A block of INNER terms of a sum belongs to one tap wherever the channels are a multiple of INNER: its channels lie side
by side in memory and are loaded 16 bytes at a time. Sizes are constants of the compiled kernel, so that positions are
found by multiplication instead of division. ROWS and COLUMNS of a program do not enter the order of a sum; how the sum
for the bias is split over threads depends on them.

M models, B examples, H W height and width of the input, P Q of the output, I input channels, O output channels.
weight: of a model (9, I, O), the models weight_stride numbers apart. stride: numbers between the models' inputs, 0
where they share them. LONG: whether a model's map has more numbers than 32 bits count.
"""

import triton.language as tl

from workers.engines.gpu.kernels.jit import jit
from workers.engines.gpu.kernels.places import rows_from


@jit
def _side_by_side(start: int, channels: tl.constexpr, INNER: tl.constexpr) -> tl.tensor:
    """The channels of the terms from `start` on, all of one tap; the compiler does not see that they are INNER
    neighbours from a multiple of INNER on."""
    return tl.max_contiguous(tl.multiple_of(start % channels + tl.arange(0, INNER), INNER), INNER)


@jit
def _windows(
    x: tl.tensor, row: tl.tensor, rows: int, start: int,
    H: tl.constexpr, W: tl.constexpr, P: tl.constexpr, Q: tl.constexpr, I: tl.constexpr, INNER: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    """The pixels (tap, channel) = start..start + INNER of the windows of output positions `row` = (example, p, q):
    (ROWS, INNER)."""
    example, p, q = row // (P * Q), row % (P * Q) // Q, row % Q
    inner = start + tl.arange(0, INNER)
    if I % INNER == 0:
        tap, channel = start // I, _side_by_side(start, I, INNER)
        u, v = 2 * p + tap // 3 - 1, 2 * q + tap % 3 - 1
        within = (row < rows) & (u >= 0) & (u < H) & (v >= 0) & (v < W)
        pixel = (example * H + u) * W + v
        window = tl.load(x + pixel[:, None] * I + channel[None, :], mask=within[:, None], other=0.0)
    else:
        taps, channels = inner // I, inner % I
        us, vs = 2 * p[:, None] + (taps // 3)[None, :] - 1, 2 * q[:, None] + (taps % 3)[None, :] - 1
        known = (row < rows)[:, None] & (taps < 9)[None, :] & (us >= 0) & (us < H) & (vs >= 0) & (vs < W)
        pixels = (example[:, None] * H + us) * W + vs
        window = tl.load(x + pixels * I + channels[None, :], mask=known, other=0.0)
    return window


@jit
def forward(
    x: tl.tensor, weight: tl.tensor, bias: tl.tensor, y: tl.tensor, stride: int, weight_stride: int, bias_stride: int,
    rows: int, H: tl.constexpr, W: tl.constexpr, P: tl.constexpr, Q: tl.constexpr, I: tl.constexpr, O: tl.constexpr,
    BIAS: tl.constexpr, RELU: tl.constexpr,
    INNER: tl.constexpr, PRECISION: tl.constexpr, LONG: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
) -> None:  # fmt: skip
    """y[row, o] = sum over (tap, i) of x[window of row, i] weight[tap, i, o] + bias[o]."""
    model = tl.program_id(2).to(tl.int64)
    row = rows_from(tl.program_id(0) * ROWS, ROWS, LONG)
    o = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    total = tl.full((ROWS, COLUMNS), 0.0, tl.float32)
    for start in range(0, 9 * I, INNER):
        window = _windows(x + model * stride, row, rows, start, H, W, P, Q, I, INNER)
        inner = start + tl.arange(0, INNER)
        known = (inner < 9 * I)[:, None] & (o < O)[None, :]
        w = tl.load(weight + model * weight_stride + inner[:, None] * O + o[None, :], mask=known, other=0.0)
        total = tl.dot(window, w, total, input_precision=PRECISION)
    if BIAS:
        total += tl.load(bias + model * bias_stride + o, mask=o < O, other=0.0)[None, :]
    if RELU:
        total = tl.where(total <= 0, 0.0, total)  # unlike a maximum, this propagates NaN
    place = model * rows * O + row[:, None] * O + o[None, :]
    tl.store(y + place, total, mask=(row < rows)[:, None] & (o < O)[None, :])


@jit
def by_data(
    slope: tl.tensor, weight: tl.tensor, x: tl.tensor, of_x: tl.tensor, stride: int, weight_stride: int, rows: int,
    H: tl.constexpr, W: tl.constexpr, P: tl.constexpr, Q: tl.constexpr, I: tl.constexpr, O: tl.constexpr,
    INNER: tl.constexpr, PRECISION: tl.constexpr, LONG: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
) -> None:  # fmt: skip
    """The gradient at pixels u = 2p + odd_u, v = 2q + odd_v. Tap k at output p reads u = 2p + k - 1: an even u meets
    tap 1 of output p; an odd one meets tap 0 of output p + 1 and tap 2 of output p."""
    model = tl.program_id(2).to(tl.int64)
    odd_u, odd_v, part = tl.program_id(1) // 2 % 2, tl.program_id(1) % 2, tl.program_id(1) // 4
    row = rows_from(tl.program_id(0) * ROWS, ROWS, LONG)
    i = part * COLUMNS + tl.arange(0, COLUMNS)
    example, p, q = row // (P * Q), row % (P * Q) // Q, row % Q
    total = tl.full((ROWS, COLUMNS), 0.0, tl.float32)
    taps = (1 + odd_u) * (1 + odd_v)
    for start in range(0, taps * O, INNER):
        inner = start + tl.arange(0, INNER)
        if O % INNER == 0:
            tap, o = start // O + tl.zeros((1,), tl.int32), _side_by_side(start, O, INNER)
        else:
            tap, o = inner // O, inner % O
        below, right = tap >> odd_v, tap & odd_v  # 0 or 1: which of the taps that reach this class
        tap_u, tap_v = 1 - odd_u + 2 * below * odd_u, 1 - odd_v + 2 * right * odd_v
        pp = p[:, None] + (odd_u * (1 - below))[None, :]
        qq = q[:, None] + (odd_v * (1 - right))[None, :]
        within = (row < rows)[:, None] & (tap < taps)[None, :] & (pp < P) & (qq < Q)
        place = model * rows * O + ((example[:, None] * P + pp) * Q + qq) * O + o[None, :]
        g = tl.load(slope + place, mask=within, other=0.0)
        # Read with the output channels side by side, as they lie in memory, and transposed afterwards.
        at = ((tap_u * 3 + tap_v)[None, :] * I + i[:, None]) * O + o[None, :]
        known = (tap < taps)[None, :] & (i < I)[:, None]
        w = tl.load(weight + model * weight_stride + at, mask=known, other=0.0)
        total = tl.dot(g, tl.trans(w), total, input_precision=PRECISION)
    u, v = 2 * p + odd_u, 2 * q + odd_v
    place = ((example * H + u) * W + v)[:, None] * I + i[None, :]
    known = ((row < rows) & (u < H) & (v < W))[:, None] & (i < I)[None, :]
    below_zero = tl.load(x + model * stride + place, mask=known, other=0.0) <= 0
    tl.store(of_x + model * (rows // (P * Q)) * (H * W * I) + place, tl.where(below_zero, 0.0, total), mask=known)


@jit
def by_weights(
    x: tl.tensor, slope: tl.tensor, parts: tl.tensor, bias_parts: tl.tensor, stride: int, rows: int, each: int,
    H: tl.constexpr, W: tl.constexpr, P: tl.constexpr, Q: tl.constexpr, I: tl.constexpr, O: tl.constexpr,
    BIAS: tl.constexpr, PRECISION: tl.constexpr, LONG: tl.constexpr, ROWS: tl.constexpr, INNER: tl.constexpr,
    COLUMNS: tl.constexpr,
) -> None:  # fmt: skip
    """parts[slab, (tap, i), o] = sum over the slab's rows of x[window of row, i] slope[row, o], and with BIAS
    bias_parts[slab, o] = sum over the slab's rows of slope[row, o]."""
    model, slab = tl.program_id(2).to(tl.int64), tl.program_id(1)
    parts_o: tl.constexpr = (O + COLUMNS - 1) // COLUMNS
    start = tl.program_id(0) // parts_o * INNER
    o = tl.program_id(0) % parts_o * COLUMNS + tl.arange(0, COLUMNS)
    total = tl.full((INNER, COLUMNS), 0.0, tl.float32)
    bias_total = tl.full((COLUMNS,), 0.0, tl.float32)
    for first in range(0, each, ROWS):
        row = rows_from(slab * each + first, ROWS, LONG)
        window = _windows(x + model * stride, row, rows, start, H, W, P, Q, I, INNER)
        known = (row < rows)[:, None] & (o < O)[None, :]
        g = tl.load(slope + model * rows * O + row[:, None] * O + o[None, :], mask=known, other=0.0)
        total = tl.dot(tl.trans(window), g, total, input_precision=PRECISION)
        if BIAS:
            bias_total += tl.sum(g, 0)
    inner = start + tl.arange(0, INNER)
    slab_of_model = model * tl.num_programs(1) + slab
    place = slab_of_model * 9 * I * O + inner[:, None] * O + o[None, :]
    tl.store(parts + place, total, mask=(inner < 9 * I)[:, None] & (o < O)[None, :])
    if BIAS:
        tl.store(bias_parts + slab_of_model * O + o, bias_total, mask=(o < O) & (start == 0))
