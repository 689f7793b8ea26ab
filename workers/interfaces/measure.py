"""What a file of workers/measures must have."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, cast

from tracking.common.named_files.plugins import Kind
from tracking.common.named_files.protocols import lacking

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


class Costly(Protocol):
    """What a measure may say besides: that it takes more than the outputs of the networks. Plans count it, and it is
    taken once, when a training ends, where nothing looks at an earlier step."""

    def visits(self, train: int, /) -> float:
        """How many examples forward and backward would take as long as one evaluation, of one model with so many
        training examples."""


class Bounded(Protocol):
    """What a measure may say besides: between which numbers its values lie. Bands and intervals stay there."""

    @property
    def BOUNDS(self) -> tuple[float | None, float | None]:
        """The smallest and the largest value that is possible, both included; None where there is none. Written out,
        since it is read without importing the file: (0, None) of a norm, (0, 1) of a share."""


def visits(names: Iterable[str], train: int) -> float:
    """The visits of all these measures together; those that say none take none worth counting."""
    found = filter(None, (_costly(MEASURES.find(name)) for name in names))
    return sum(module.visits(train) for module in found)


def costly(names: Iterable[str]) -> tuple[str, ...]:
    """Those of these measures that say what they take, sorted."""
    return tuple(sorted(name for name in names if _costly(MEASURES.find(name))))


@functools.lru_cache(maxsize=1024)
def _costly(module: ModuleType) -> Costly | None:
    return None if lacking(module, Costly) else cast(Costly, module)


MEASURES: Kind[Measure] = Kind("measure", "workers.measures", Measure)
