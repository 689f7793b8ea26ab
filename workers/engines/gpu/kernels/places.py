"""Rows of a map, in so many bits that the places computed from them do not overflow."""

import triton.language as tl
from torch import Tensor

from workers.engines.gpu.kernels.jit import jit

MOST = 2**31 - 1  # that 32 bits with a sign count to


@jit
def rows_from(first: tl.tensor, ROWS: tl.constexpr, LONG: tl.constexpr) -> tl.tensor:
    """The rows from `first` on."""
    row = first + tl.arange(0, ROWS)
    if LONG:
        row = row.to(tl.int64)
    return row


def long(*maps: Tensor) -> bool:
    """Whether a model of one of the maps (M, ...) has more numbers than 32 bits count."""
    return any(x[0].numel() > MOST for x in maps)
