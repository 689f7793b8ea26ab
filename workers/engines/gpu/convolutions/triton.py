"""The convolutions of M models by Triton kernels (workers/engines/gpu/kernels/convolution.py).

M models, B examples, H W height and width of the input, P Q of the output, I input channels, O output channels.
"""

from typing import TYPE_CHECKING

import torch
import triton
from torch import Tensor

from workers.engines.gpu.batch_norm.triton import backward as normalise_backward
from workers.engines.gpu.batch_norm.triton import normalise
from workers.engines.gpu.kernels import convolution
from workers.engines.gpu.kernels.jit import Grid
from workers.engines.gpu.kernels.places import long
from workers.engines.gpu.kernels.tuning import Candidate, tuned
from workers.runtime.device import products

if TYPE_CHECKING:
    from workers.engines.gpu.layers import Bias, Maps, Sums, Weight

__all__ = ("backward", "forward", "normalise", "normalise_backward")

WEIGHT_ROWS = 32  # output positions of one iteration in the gradient by the weights
SLAB_ROWS, MAX_SLABS = 2048, 32
TILES = [Candidate(64, 4, 3), Candidate(128, 4, 3), Candidate(128, 8, 3), Candidate(32, 2, 4)]
WEIGHT_TILES = [Candidate(32, 4, 3), Candidate(64, 4, 3), Candidate(32, 2, 3), Candidate(16, 2, 4)]
KEY = ("H", "W", "I", "O", "PRECISION")

forward_kernel = tuned(convolution.forward, "ROWS", "O", TILES, KEY)
by_data_kernel = tuned(convolution.by_data, "ROWS", "I", TILES, KEY)
by_weights_kernel = tuned(convolution.by_weights, "INNER", "O", WEIGHT_TILES, (*KEY, "BIAS"))


def forward(x: "Maps", weight: "Weight", bias: "Bias | None", relu: bool) -> "Sums":
    """See `workers.engines.gpu.convolutions`."""
    x, matrix, (m, b, height, width, i), o = _dense(x), stored(weight), x.shape, weight.shape[1]
    p, q = _half(height), _half(width)
    y = x.new_empty(m, b, p, q, o)

    def grid(tile: dict[str, int]) -> Grid:
        return triton.cdiv(b * p * q, tile["ROWS"]), triton.cdiv(o, tile["COLUMNS"]), m

    bias = bias if bias is None or bias.stride(1) == 1 else bias.contiguous()
    forward_kernel[grid](
        x, matrix, x if bias is None else bias, y, x.stride(0), matrix.stride(0),
        0 if bias is None else bias.stride(0), b * p * q, H=height, W=width, P=p, Q=q, I=i, O=o,
        BIAS=bias is not None, RELU=relu, INNER=inner(i, 9 * i), PRECISION=products(), LONG=long(x, y),
    )  # fmt: skip
    return y


def backward(
    x: "Maps", weight: "Weight", slope: "Sums", data: bool, bias: bool
) -> "tuple[Maps | None, Weight, Bias | None]":
    """See `workers.engines.gpu.convolutions`."""
    x, slope = _dense(x), slope.contiguous()
    return _data_gradient(x, weight, slope) if data else None, *_weight_gradient(x, slope, bias)


def _data_gradient(x: Tensor, weight: Tensor, slope: Tensor) -> Tensor:
    m, b, height, width, i = x.shape
    p, q, o = slope.shape[2:]
    of_x = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    matrix = stored(weight)

    def grid(tile: dict[str, int]) -> Grid:
        return triton.cdiv(b * p * q, tile["ROWS"]), 4 * triton.cdiv(i, tile["COLUMNS"]), m

    by_data_kernel[grid](
        slope, matrix, x, of_x, x.stride(0), matrix.stride(0), b * p * q, H=height, W=width, P=p, Q=q, I=i, O=o,
        INNER=inner(o, o), PRECISION=products(), LONG=long(x, slope),
    )  # fmt: skip
    return of_x


def _weight_gradient(x: Tensor, slope: Tensor, bias: bool) -> tuple[Tensor, Tensor | None]:
    m, b, height, width, i = x.shape
    p, q, o = slope.shape[2:]
    rows = b * p * q
    slabs = min(triton.cdiv(rows, SLAB_ROWS), MAX_SLABS)
    each = triton.cdiv(triton.cdiv(rows, slabs), WEIGHT_ROWS) * WEIGHT_ROWS  # whole iterations of the kernel's loop
    parts = x.new_empty(m, slabs, 9 * i, o)
    bias_parts = x.new_empty(m, slabs, o) if bias else parts

    def grid(tile: dict[str, int]) -> Grid:
        return triton.cdiv(9 * i, tile["INNER"]) * triton.cdiv(o, tile["COLUMNS"]), slabs, m

    by_weights_kernel[grid](
        x, slope, parts, bias_parts, x.stride(0), rows, each, H=height, W=width, P=p, Q=q, I=i, O=o,
        BIAS=bias, PRECISION=products(), LONG=long(x, slope), ROWS=WEIGHT_ROWS,
    )  # fmt: skip
    taps: Tensor = _whole(parts).unflatten(1, (3, 3, i))
    return taps.permute(0, 4, 3, 1, 2), _whole(bias_parts) if bias else None


def _whole(parts: Tensor) -> Tensor:
    """The sum over slabs (M, S, ...)."""
    return parts.sum(1) if parts.shape[1] > 1 else parts[:, 0]


def _half(size: int) -> int:
    return (size + 1) // 2


def inner(channels: int, terms: int) -> int:
    """Terms of the sum in one iteration of the loop: of one tap, so that channels are loaded side by side, or where
    channels are no multiple of 16, so that little is left over."""
    return 32 if (channels if channels % 16 == 0 else terms) % 32 == 0 else 16


def _dense(x: Tensor) -> Tensor:
    """Each model's maps in one piece; models may share one (the test images)."""
    return x if x[0].is_contiguous() else x.contiguous()


def stored(weight: Tensor) -> Tensor:
    """(M, O, I, 3, 3) -> (M, 3, 3, I, O), each model's in one piece: no copy of weights that are stored like that."""
    taps = weight.permute(0, 3, 4, 2, 1)
    return taps if taps[0].is_contiguous() else taps.contiguous()
