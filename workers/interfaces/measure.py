"""What a file of workers/measures must have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from tracking.common.plugins import Kind

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot


class Measure(Protocol):
    """A function from M models at the end of an epoch to numbers of each of them."""

    @property
    def SPLITS(self) -> tuple[str, ...]:
        """What it is measured on: "train", "test"; "" where the values belong to neither."""

    def measure(self, snapshot: Snapshot, /) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
        """Yields split, layer and values; split and layer are "" where the values belong to none."""


MEASURES: Kind[Measure] = Kind("measure", "workers.measures", Measure)
