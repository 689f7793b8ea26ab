"""Error: the fraction of examples whose right class is not strictly the highest output; train and test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("train", "test")
BOUNDS = (0, 1)


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models: exact, over the whole split, in evaluation mode."""
    for split in ("train", "test"):
        yield split, "", snapshot.totals(split)[0]
