"""Error: the fraction of examples whose right class is not strictly the highest output; train and test."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot


def measure(snapshot: "Snapshot") -> "Iterator[tuple[str, str, Tensor]]":
    """Yields (split, layer, (M,)): exact, over the whole split, in evaluation mode."""
    for split in ("train", "test"):
        yield split, "", snapshot.totals(split)[0]
