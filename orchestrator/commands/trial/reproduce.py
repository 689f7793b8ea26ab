"""`sweep reproduce`: runs a recorded trial again in this process and compares it number by number."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.commands.trial.rerun import run, trial_of
from tracking.records import rows
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.rows import Progress

if TYPE_CHECKING:
    import pandas as pd

KEYS = ["trial", "step", "split", "measure", "layer"]
TOLERANCE = 1e-4  # relative, of a number above 1e-6: the same trial in another bundle, or on another machine


@dataclass(frozen=True)
class Compared:
    """A measure of the second run. rows: how many were recorded; of them `equal` to the bit, `missing` in the second
    run; the largest differences."""

    measure: str
    rows: int
    equal: int
    missing: int
    largest_relative: float
    largest_absolute: float

    @property
    def finding(self) -> str:
        """ "identical", "agrees" (to `TOLERANCE`) or "differs"."""
        if self.missing:
            return "differs"
        if self.equal == self.rows:
            return "identical"
        return "agrees" if self.largest_relative <= TOLERANCE else "differs"


def reproduce(
    ledger: Ledger, one: TrialRecord, whole: bool, watch: Callable[[Progress], None] = lambda progress: None
) -> list[Compared]:
    """Runs a trial again, alone or (`whole`) with its whole bundle, and compares each of its recorded numbers."""
    trials = [trial_of(ledger, one)]
    id_now = trials[0].id  # another one where it was recorded under an id of an older version
    if whole:
        manifest = ledger.manifests[one.bundle]
        trials = [trial_of(ledger, manifest.record(t)) for t in manifest.trials]
    made = []
    for progress in run(trials):
        made += [row._replace(trial=one.id) for row in progress.rows if row.trial == id_now]
        watch(progress)
    return compare(ledger.rows([one]).to_pandas(), rows.table(made).to_pandas())


def compare(recorded: "pd.DataFrame", made: "pd.DataFrame") -> list[Compared]:
    """Both with the columns of a row; one finding a measure. A NaN equals a NaN."""
    both = _plain(recorded).merge(_plain(made), on=KEYS, how="left", suffixes=("", "_again"), indicator=True)
    return [_compared(str(name), part) for name, part in both.groupby("measure")]


def _plain(frame: "pd.DataFrame") -> "pd.DataFrame":
    return frame.astype({k: str for k in KEYS if k != "step"})


def _compared(name: str, part: "pd.DataFrame") -> Compared:
    import numpy as np

    one, two = part["value"].to_numpy(), part["value_again"].to_numpy()
    missing = int((part["_merge"] == "left_only").sum())
    same = (one == two) | (np.isnan(one) & np.isnan(two) & (part["_merge"] == "both").to_numpy())
    finite = np.isfinite(one) & np.isfinite(two)
    off = np.abs(one - two)[finite]
    relative = float((off / np.maximum(np.abs(one[finite]), 1e-6)).max(initial=0.0))
    lost = bool((np.isfinite(one) != np.isfinite(two)).sum() > missing)  # finite once, not finite the other time
    return Compared(
        name, len(part), int(same.sum()), missing, float("inf") if lost else relative, float(off.max(initial=0.0))
    )
