"""What a store holds, sweep by sweep: states of trials, launches, sizes, verdicts. Nothing is read but manifests."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from tracking.common.errors import Damaged
from tracking.records import layout
from tracking.records.kept_sweeps.kept_sweep import KeptSweep, Launching
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.leases.lease_file import INTERRUPTED, Claim, claimed
from tracking.records.ledger import Ledger
from tracking.records.upkeep import sizes

MISSING = "missing"  # the state of a trial of which nothing is recorded


@dataclass(frozen=True)
class Listed:
    """A variant. states: how many trials of its last version are in which state. bytes: with what it shares with
    others. at_work: whether a launch works on it now. verdicts: how many there were at the end of its last launch that
    came to an end."""

    kept: KeptSweep
    states: Counter[str]
    bytes: int
    at_work: bool
    verdicts: Counter[str]

    @property
    def last(self) -> Launching | None:
        """Its last launch; None in a store where that is lost."""
        return self.kept.launches[-1] if self.kept.launches else None


@dataclass(frozen=True)
class Overview:
    """sweeps: by variant. unnamed: recorded trials that no sweep of the store names. without_file: variants that have
    figures and of which no file is kept, since they were launched by an older version of this program. damaged: what
    cannot be read."""

    sweeps: tuple[Listed, ...]
    unnamed: tuple[str, ...]
    without_file: tuple[str, ...]
    damaged: tuple[Damaged, ...]


def overview(ledger: Ledger, sweeps: KeptSweeps, at_work: Collection[Claim]) -> Overview:
    """What a store holds, by what was read of it."""
    bundles = sizes.by_bundle(ledger)
    listed = tuple(_listed(kept, ledger, sizes.of_sweep(kept, ledger, bundles), at_work) for kept in sweeps)
    named = {id for kept in sweeps for id in kept.trials}
    unnamed = tuple(sorted(ledger.trials - named))
    return Overview(listed, unnamed, without_file(ledger, sweeps), (*sweeps.damaged, *ledger.damaged))


def without_file(ledger: Ledger, sweeps: KeptSweeps) -> tuple[str, ...]:
    """The variants that have verdicts in a store which keeps no file of them."""
    if not ledger.store.files.local:
        return ()  # figures in the working folder may be of any store
    files = (info.name.split("/") for info in sizes.figure_files(ledger.store))
    judged = {variant for _, variant, name in files if name == layout.CLAIMS}
    return tuple(sorted(judged - sweeps.by_variant.keys()))


def _listed(kept: KeptSweep, ledger: Ledger, bytes: int, at_work: Collection[Claim]) -> Listed:
    ids = kept.version.trials
    records = ledger.of(ids)
    running = {id for id, record in records.items() if record.state == "running"}
    interrupted = running - claimed(at_work, running)
    states = Counter(
        INTERRUPTED if id in interrupted else records[id].state if id in records else MISSING for id in ids
    )
    judged = [one for one in kept.launches if one.verdicts]
    verdicts = Counter(verdict for _, verdict in judged[-1].verdicts) if judged else Counter[str]()
    working = any(one.sweep == kept.name and not (one.trials or {*ids}).isdisjoint(ids) for one in at_work)
    return Listed(kept, states, bytes, working, verdicts)
