"""The convolutions of M models as matrix products that read the windows where they are: one Triton kernel a direction.

Forward adds bias and ReLU on the way out. The gradient by the data takes the pixels in four classes, even and odd rows
and columns, each of which sees only the taps that reach it: a transposed convolution of stride 2 without its zeros. The
gradient by the weights is summed over a fixed number of slabs, then over slabs in a fixed order: no atomics, so that
results depend neither on timing nor on the other models: the slabs are determined by one model's rows alone.

M models, B examples, H W height and width of the input, P Q of the output, I input channels, O output channels.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import torch
import triton
import triton.language as tl
from torch import Tensor

if TYPE_CHECKING:
    from workers.engines.gpu.forward_backward import Bias, Maps, Sums, Weight


class Kernel(Protocol):
    """A function compiled by Triton: launched as kernel[grid](arguments), or called by another kernel."""

    def __getitem__(self, grid: tuple[int, int, int], /) -> Callable[..., None]: ...

    def __call__(self, *arguments: tl.tensor | int) -> tl.tensor: ...


jit: Callable[[Callable[..., tl.tensor | None]], Kernel] = triton.jit  # Triton has no types

ROWS, WEIGHT_ROWS = 64, 32  # output positions of one program, of one iteration in the gradient by the weights
SLAB_ROWS, MAX_SLABS = 2048, 32


def forward(x: "Maps", weight: "Weight", bias: "Bias | None", relu: bool) -> "Sums":
    """See `workers.engines.gpu.convolutions`."""
    x, (m, b, height, width, i), o = _dense(x), x.shape, weight.shape[1]
    p, q = _half(height), _half(width)
    y = x.new_empty(m, b, p, q, o)
    columns = _columns(o)
    grid = (triton.cdiv(b * p * q, ROWS), triton.cdiv(o, columns), m)
    _forward[grid](
        x, _matrix(weight), x if bias is None else bias.contiguous(), y, x.stride(0), b * p * q, height, width, p, q,
        I=i, O=o, BIAS=bias is not None, RELU=relu,
        ROWS=ROWS, INNER=_inner(9 * i), COLUMNS=columns, PRECISION=_precision(),
    )  # fmt: skip
    return y


def backward(x: "Maps", weight: "Weight", slope: "Sums", data: bool) -> "tuple[Maps | None, Weight, Bias]":
    """See `workers.engines.gpu.convolutions`."""
    x, slope = _dense(x), slope.contiguous()
    of_x = _data_gradient(x, weight, slope) if data else None
    return of_x, _weight_gradient(x, slope), slope.sum((1, 2, 3))


def _data_gradient(x: Tensor, weight: Tensor, slope: Tensor) -> Tensor:
    m, b, height, width, i = x.shape
    p, q, o = slope.shape[2:]
    of_x = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    columns = _columns(i)
    grid = (triton.cdiv(b * p * q, ROWS), 4 * triton.cdiv(i, columns), m)
    _data[grid](
        slope, _matrix(weight), x, of_x, x.stride(0), b * p * q, height, width, p, q,
        I=i, O=o, ROWS=ROWS, INNER=_inner(o), COLUMNS=columns, PRECISION=_precision(),
    )  # fmt: skip
    return of_x


def _weight_gradient(x: Tensor, slope: Tensor) -> Tensor:
    m, b, height, width, i = x.shape
    p, q, o = slope.shape[2:]
    rows = b * p * q
    slabs = min(triton.cdiv(rows, SLAB_ROWS), MAX_SLABS)
    each = triton.cdiv(triton.cdiv(rows, slabs), WEIGHT_ROWS) * WEIGHT_ROWS  # whole iterations of the kernel's loop
    parts = x.new_empty(m, slabs, 9 * i, o)
    inner, columns = 64 if 9 * i % 64 == 0 else 32, _columns(o)
    grid = (triton.cdiv(9 * i, inner) * triton.cdiv(o, columns), slabs, m)
    _weights[grid](
        x, slope, parts, x.stride(0), rows, each, height, width, p, q,
        I=i, O=o, ROWS=WEIGHT_ROWS, INNER=inner, COLUMNS=columns, PRECISION=_precision(),
    )  # fmt: skip
    whole = parts.sum(1) if slabs > 1 else parts[:, 0]
    taps: Tensor = whole.unflatten(1, (3, 3, i))
    return taps.permute(0, 4, 3, 1, 2)


def _half(size: int) -> int:
    return (size + 1) // 2


def _columns(channels: int) -> int:
    """Channels of one program: `tl.dot` wants a power of 2 and at least 16; surplus channels are masked."""
    return min(max(1 << (channels - 1).bit_length(), 16), 64)


def _inner(size: int) -> int:
    """Terms of the sum in one iteration of the loop, so that 16 channels leave no remainder."""
    return 32 if size % 32 == 0 else 16


def _precision() -> str:
    """The precision of products, by the setting of PyTorch's own matrix products."""
    return "tf32" if torch.backends.cuda.matmul.allow_tf32 else "ieee"


def _dense(x: Tensor) -> Tensor:
    """Each model's maps in one piece; models may share one (the test images)."""
    return x if x[0].is_contiguous() else x.contiguous()


def _matrix(weight: Tensor) -> Tensor:
    """(M, O, I, 3, 3) -> (M, 9, I, O)."""
    return weight.permute(0, 3, 4, 2, 1).flatten(1, 2).contiguous()


@jit
def _windows(
    x: tl.tensor, row: tl.tensor, rows: int, inner: tl.tensor, H: int, W: int, P: int, Q: int, I: tl.constexpr
) -> tl.tensor:
    """The pixels `inner` = (tap, channel) of the windows of output positions `row` = (example, p, q): (ROWS, INNER)."""
    example, p, q = row // (P * Q), row % (P * Q) // Q, row % Q
    tap, channel = inner // I, inner % I
    u = 2 * p[:, None] + (tap // 3)[None, :] - 1
    v = 2 * q[:, None] + (tap % 3)[None, :] - 1
    within = (row < rows)[:, None] & (tap < 9)[None, :] & (u >= 0) & (u < H) & (v >= 0) & (v < W)
    return tl.load(x + ((example[:, None] * H + u) * W + v) * I + channel[None, :], mask=within, other=0.0)


@jit
def _forward(
    x: tl.tensor, weight: tl.tensor, bias: tl.tensor, y: tl.tensor, stride: int, rows: int,
    H: int, W: int, P: int, Q: int, I: tl.constexpr, O: tl.constexpr, BIAS: tl.constexpr, RELU: tl.constexpr,
    ROWS: tl.constexpr, INNER: tl.constexpr, COLUMNS: tl.constexpr, PRECISION: tl.constexpr,
) -> None:  # fmt: skip
    """y[row, o] = sum over (tap, i) of x[window of row, i] weight[tap, i, o] + bias[o]."""
    model = tl.program_id(2).to(tl.int64)
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    o = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    total = tl.full((ROWS, COLUMNS), 0.0, tl.float32)
    for start in range(0, 9 * I, INNER):
        inner = start + tl.arange(0, INNER)
        window = _windows(x + model * stride, row, rows, inner, H, W, P, Q, I)
        known = (inner < 9 * I)[:, None] & (o < O)[None, :]
        w = tl.load(weight + model * 9 * I * O + inner[:, None] * O + o[None, :], mask=known, other=0.0)
        total = tl.dot(window, w, total, input_precision=PRECISION)
    if BIAS:
        total += tl.load(bias + model * O + o, mask=o < O, other=0.0)[None, :]
    if RELU:
        total = tl.where(total <= 0, 0.0, total)  # unlike a maximum, this propagates NaN
    place = model * rows * O + row[:, None] * O + o[None, :]
    tl.store(y + place, total, mask=(row < rows)[:, None] & (o < O)[None, :])


@jit
def _data(
    slope: tl.tensor, weight: tl.tensor, x: tl.tensor, of_x: tl.tensor, stride: int, rows: int,
    H: int, W: int, P: int, Q: int, I: tl.constexpr, O: tl.constexpr,
    ROWS: tl.constexpr, INNER: tl.constexpr, COLUMNS: tl.constexpr, PRECISION: tl.constexpr,
) -> None:  # fmt: skip
    """The gradient at pixels u = 2p + odd_u, v = 2q + odd_v. Tap k at output p reads u = 2p + k - 1: an even u meets
    tap 1 of output p; an odd one meets tap 0 of output p + 1 and tap 2 of output p."""
    model = tl.program_id(2).to(tl.int64)
    odd_u, odd_v, part = tl.program_id(1) // 2 % 2, tl.program_id(1) % 2, tl.program_id(1) // 4
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    i = part * COLUMNS + tl.arange(0, COLUMNS)
    example, p, q = row // (P * Q), row % (P * Q) // Q, row % Q
    total = tl.full((ROWS, COLUMNS), 0.0, tl.float32)
    taps = (1 + odd_u) * (1 + odd_v)
    for start in range(0, taps * O, INNER):
        inner = start + tl.arange(0, INNER)
        tap, o = inner // O, inner % O
        below, right = tap >> odd_v, tap & odd_v  # 0 or 1: which of the taps that reach this class
        tap_u, tap_v = 1 - odd_u + 2 * below * odd_u, 1 - odd_v + 2 * right * odd_v
        pp = p[:, None] + (odd_u * (1 - below))[None, :]
        qq = q[:, None] + (odd_v * (1 - right))[None, :]
        within = (row < rows)[:, None] & (tap < taps)[None, :] & (pp < P) & (qq < Q)
        place = model * rows * O + ((example[:, None] * P + pp) * Q + qq) * O + o[None, :]
        g = tl.load(slope + place, mask=within, other=0.0)
        at = ((tap_u * 3 + tap_v)[:, None] * I + i[None, :]) * O + o[:, None]
        w = tl.load(weight + model * 9 * I * O + at, mask=(tap < taps)[:, None] & (i < I)[None, :], other=0.0)
        total = tl.dot(g, w, total, input_precision=PRECISION)
    u, v = 2 * p + odd_u, 2 * q + odd_v
    place = ((example * H + u) * W + v)[:, None] * I + i[None, :]
    known = ((row < rows) & (u < H) & (v < W))[:, None] & (i < I)[None, :]
    below_zero = tl.load(x + model * stride + place, mask=known, other=0.0) <= 0
    size = (rows // (P * Q)) * H * W * I
    tl.store(of_x + model * size + place, tl.where(below_zero, 0.0, total), mask=known)


@jit
def _weights(
    x: tl.tensor, slope: tl.tensor, parts: tl.tensor, stride: int, rows: int, each: int,
    H: int, W: int, P: int, Q: int, I: tl.constexpr, O: tl.constexpr,
    ROWS: tl.constexpr, INNER: tl.constexpr, COLUMNS: tl.constexpr, PRECISION: tl.constexpr,
) -> None:  # fmt: skip
    """parts[slab, (tap, i), o] = sum over the slab's rows of x[window of row, i] slope[row, o]."""
    model, slab = tl.program_id(2).to(tl.int64), tl.program_id(1)
    parts_o: tl.constexpr = (O + COLUMNS - 1) // COLUMNS
    inner = tl.program_id(0) // parts_o * INNER + tl.arange(0, INNER)
    o = tl.program_id(0) % parts_o * COLUMNS + tl.arange(0, COLUMNS)
    total = tl.full((INNER, COLUMNS), 0.0, tl.float32)
    for start in range(0, each, ROWS):
        row = slab * each + start + tl.arange(0, ROWS)
        window = _windows(x + model * stride, row, rows, inner, H, W, P, Q, I)
        known = (row < rows)[:, None] & (o < O)[None, :]
        g = tl.load(slope + model * rows * O + row[:, None] * O + o[None, :], mask=known, other=0.0)
        total = tl.dot(tl.trans(window), g, total, input_precision=PRECISION)
    place = (model * tl.num_programs(1) + slab) * 9 * I * O + inner[:, None] * O + o[None, :]
    tl.store(parts + place, total, mask=(inner < 9 * I)[:, None] & (o < O)[None, :])
