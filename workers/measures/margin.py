"""Margin: the smallest f_y - max over wrong classes f_c over the examples; negative as long as one is misclassified."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot


def measure(snapshot: "Snapshot") -> "Iterator[tuple[str, str, Tensor]]":
    """Yields (split, layer, (M,))."""
    for split in ("train", "test"):
        yield split, "", snapshot.margins(split).amin(1).double()
