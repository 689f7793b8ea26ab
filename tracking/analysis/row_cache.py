"""Reads the rows of a store bundle by bundle and measure by measure, and remembers what it has read while that is few.

A sweep of 100,000 trials has 10^7 to 10^8 rows: several GiB as a table, a few hundred KiB a bundle.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tracking.analysis.frame import Each, Frame, Source, in_turn
from tracking.common.failpoints import reached
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
KEPT = 4_000_000  # rows, about 150 MiB
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
    """Reads bundles by measure and keeps at most `room` rows. `parts`: the bundles of each trial."""

    def __init__(self, ledger: Ledger, parts: Mapping[str, tuple[str, ...]], room: int = KEPT) -> None:
        self.ledger, self.room = ledger, room
        self.kept: dict[tuple[str, str | None], pd.DataFrame] = {}
        self.ids: dict[str, list[str]] = {}
        for id, bundles in parts.items():
            for bundle in bundles:
                self.ids.setdefault(bundle, []).append(id)

    def read(self, bundle: str, measure: str | None) -> "pd.DataFrame":
        """What has been read stays, and nothing makes room: a scan that is longer than the room would find nothing."""
        known = self.kept.get((bundle, measure))
        if known is None:
            known = self.ledger.bundle_rows(bundle, self.ids[bundle], measure).to_pandas()
            if len(known) <= self.room:
                self.kept[bundle, measure] = known
                self.room -= len(known)
        return known
