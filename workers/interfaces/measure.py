"""What a file of workers/measures must have."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot


class Measure(Protocol):
    """A function from M models at the end of an epoch to numbers of each of them."""

    def measure(self, snapshot: "Snapshot", /) -> "Iterator[tuple[str, str, Tensor]]":
        """Yields (split, layer, values (M,)); split and layer are "" where the values belong to none."""
