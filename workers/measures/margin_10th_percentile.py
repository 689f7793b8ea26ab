"""10th percentile of the margins f_y - max over wrong classes f_c over the examples (Jiang 2020); train and test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("train", "test")
SHARE = 0.1


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    for split in SPLITS:
        yield split, "", snapshot.margins(split).double().quantile(SHARE, 1)
