"""Batch norm by PyTorch's operations: maps move through memory 5 times forward, 10 times backward.

M models, B examples, P Q height and width of a map, C channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from workers.engines.gpu.layers import Normalised, spread
from workers.nets.convnet import EPSILON

if TYPE_CHECKING:
    from jaxtyping import Float

ALL = (1, 2, 3)  # the dimensions that a channel's statistics are taken over


def normalise(sums: Float[Tensor, "M B P Q C"]) -> Normalised:
    """See `workers.engines.gpu.batch_norm`."""
    var, mean = torch.var_mean(sums, ALL, correction=0)
    inverse = (var + EPSILON).rsqrt()
    normal = torch.addcmul(spread(-mean * inverse), sums, spread(inverse))
    return Normalised(normal.relu(), normal, mean, var, inverse)


def backward(
    slope: Float[Tensor, "M B P Q C"], normal: Float[Tensor, "M B P Q C"], inverse: Float[Tensor, "M C"]
) -> Float[Tensor, "M B P Q C"]:
    """See `workers.engines.gpu.batch_norm`."""
    along, mean = (slope * normal).mean(ALL), slope.mean(ALL)
    apart = torch.addcmul(slope, normal, spread(along), value=-1)
    return torch.addcmul(spread(-mean * inverse), apart, spread(inverse))
