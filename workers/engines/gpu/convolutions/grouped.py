"""The M convolutions of a layer as one grouped convolution, channels last (HFTA, arXiv:2102.02344).

M models, B examples, H W height and width of the input, P Q of the output, I input channels, O output channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from workers.engines.gpu.batch_norm.operations import backward as normalise_backward
from workers.engines.gpu.batch_norm.operations import normalise

if TYPE_CHECKING:
    from jaxtyping import Float

    from workers.engines.gpu.layers import Bias, Maps, Sums, Weight

__all__ = ("backward", "forward", "normalise", "normalise_backward")


def forward(x: Maps, weight: Weight, bias: Bias | None, relu: bool) -> Sums:
    """See `workers.engines.gpu.convolutions`."""
    m = len(x)
    flat = None if bias is None else bias.flatten()
    y = _apart(F.conv2d(_together(x), weight.flatten(0, 1), flat, stride=2, padding=1, groups=m), m)
    return y.relu_() if relu else y


def backward(x: Maps, weight: Weight, slope: Sums, data: bool, bias: bool) -> tuple[Maps | None, Weight, Bias | None]:
    """See `workers.engines.gpu.convolutions`."""
    m = len(x)
    together, joined = _together(x), weight.flatten(0, 1)
    of_x, of_weight, _ = torch.ops.aten.convolution_backward(
        _together(slope), together, joined, None, [2, 2], [1, 1], [1, 1], False, [0, 0], m, [data, True, False]
    )
    of_bias = slope.sum((1, 2, 3)) if bias else None
    if data:
        of_x = _apart(torch.ops.aten.threshold_backward(of_x, together, 0), m)
    return of_x, of_weight.unflatten(0, (m, -1)), of_bias


def _together(x: Float[Tensor, "M B H W I"]) -> Float[Tensor, "B M*I H W"]:
    """The channels of all models side by side, channels last in memory; only a view of what `_apart` returned."""
    return x.permute(1, 2, 3, 0, 4).flatten(3).permute(0, 3, 1, 2)


def _apart(y: Float[Tensor, "B MO P Q"], m: int) -> Float[Tensor, "M B P Q O"]:
    """The inverse of `_together`, a view."""
    each: Tensor = y.permute(0, 2, 3, 1).unflatten(3, (m, -1))
    return each.permute(3, 0, 1, 2, 4)
