"""Reads the rows of a store bundle by bundle, and remembers those that it has read last.

A sweep of 100,000 trials has 10^7 to 10^8 rows: several GiB as a table, a few hundred KiB a bundle.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import pyarrow as pa

from tracking.analysis.frame import Each, Frame, Source, in_turn
from tracking.common.failpoints import reached
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
KEPT = 3_000_000  # rows, 32 bytes each
Reducer = Callable[[Ledger], Each]  # what reduces the rows of a ledger


def in_this_process(ledger: Ledger) -> Each:
    """Reduces one batch after the other here, where the reader of a frame keeps what it has read."""
    return in_turn


class Sent(NamedTuple):
    """What another process needs to read the rows of one batch. parts: the bundles of each trial. ledger: of these
    bundles alone."""

    trials: "pd.DataFrame"
    parts: Mapping[str, tuple[str, ...]]
    ledger: Ledger


def sent(batch: Frame, ledger: Ledger) -> Sent:
    """The batch of a frame whose rows are those of this ledger, to be pickled."""
    parts = {id: bundles for id in batch.trials.index if (bundles := batch.source.parts.get(id))}
    return Sent(batch.trials, parts, ledger.part(parts))


def reduced_alone(reduction: Callable[[Frame], T], given: Sent) -> T:
    """Reduces one batch in a process that knows nothing else. Raises Damaged, and what the reduction raises."""
    reached("rows.reduced")
    return reduction(Frame(given.trials, Source(given.parts, Reader(given.ledger, given.parts).read)))


def stored(ledger: Ledger, recorded: Iterable[TrialRecord]) -> Source:
    """The rows of these trials, each measure from the bundle that counts. Reading raises Damaged."""
    parts = {one.id: one.bundles for one in recorded}
    return Source(parts, Reader(ledger, parts).read)


class Reader:
    """Reads bundles, and keeps what it has read last: at most `room` rows, or one bundle of more. `parts`: the bundles
    of each trial."""

    def __init__(self, ledger: Ledger, parts: Mapping[str, tuple[str, ...]], room: int = KEPT) -> None:
        self.ledger, self.room, self.rows = ledger, room, 0
        self.kept: dict[str, pa.Table] = {}  # the one that was used last is last
        self.ids: dict[str, list[str]] = {}
        for id, bundles in parts.items():
            for bundle in bundles:
                self.ids.setdefault(bundle, []).append(id)

    def read(self, bundle: str) -> pa.Table:
        """The rows of a bundle. Who reads a batch of trials several times, for one curve after another, finds it here
        where the batch has fewer rows than there is room."""
        known = self.kept.pop(bundle, None)
        if known is None:
            known = self.ledger.bundle_rows(bundle, self.ids[bundle]).combine_chunks()
            self.rows += len(known)
            while self.kept and self.rows > self.room:
                self.rows -= len(self.kept.pop(next(iter(self.kept))))
        self.kept[bundle] = known
        return known
