"""Margin: the smallest f_y - max over wrong classes f_c over the examples; negative as long as one is misclassified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("train", "test")


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    for split in ("train", "test"):
        yield split, "", snapshot.margins(split).amin(1).double()
