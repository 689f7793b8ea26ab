"""Does recorded work once more, in this process: to watch it under a debugger, or to compare number by number."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracking.common.errors import Refused
from tracking.records import rows
from tracking.records.ledger import Ledger
from tracking.records.manifest import TrialRecord
from tracking.records.rows import Progress
from workers.plugins import EXPERIMENTS
from workers.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

KEYS = ["trial", "step", "split", "measure", "layer"]
TOLERANCE = 1e-4  # relative, of a number above 1e-6: the same trial in another bundle, or on another machine


@dataclass(frozen=True)
class Compared:
    """How a measure came out the second time: rows that were recorded, of them equal to the bit, and how far off."""

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


def find(ledger: Ledger, start: str) -> TrialRecord:
    """The one recorded trial whose id begins so. Raises Refused when it is none or not the only one."""
    root, recorded = ledger.store.root, ledger.trials
    found = [id for id in recorded if id.startswith(start)]
    if len(found) == 1:
        return ledger.of(found)[found[0]]
    if not recorded:
        raise Refused(f"no trial '{start}' in '{root}', where nothing is recorded; give the --store that has it")
    if not found:
        some = f"{len(recorded):,} others are recorded, such as {next(iter(recorded))}"
        raise Refused(f"no trial in '{root}' begins with '{start}'; {some}; a sweep's report.html has all of its ids")
    some = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
    raise Refused(f"{len(found):,} trials in '{root}' begin with '{start}': {some}; give more of the id")


def rerun(one: TrialRecord, trace: str | None = None) -> Iterator[Progress]:
    """The trial alone, from its start, committing nothing. `trace`: a file for PyTorch's profile of it.

    Raises Refused with the step and the measure at the first number that is not finite.
    """
    with _profiled(trace):
        for progress in _run([_trial(one)]):
            yield progress
            for row in progress.rows:
                if row.value != row.value or abs(row.value) == float("inf"):
                    where = " ".join(filter(None, (row.measure, row.split, row.layer)))
                    raise Refused(f"step {row.step}: {where} is {row.value}; stopped at the first such number")


def reproduce(
    ledger: Ledger, one: TrialRecord, whole: bool, watch: Callable[[Progress], None] = lambda progress: None
) -> list[Compared]:
    """Runs a trial again, alone or (`whole`) with its whole bundle, and compares each of its recorded numbers."""
    trials = [_trial(one)]
    if whole:
        manifest = ledger.manifests[one.bundle]
        trials = [Trial.of(manifest.experiment, t.settings) for t in manifest.trials]
    made = []
    for progress in _run(trials):
        made += [row for row in progress.rows if row.trial == one.id]
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


def _trial(one: TrialRecord) -> Trial:
    return Trial.of(one.experiment, one.settings)


def _run(trials: list[Trial]) -> Iterator[Progress]:
    from workers.run_bundle import set_threads
    from workers.runtime.device import best

    set_threads()
    experiment = EXPERIMENTS.load(trials[0].experiment)
    yield from experiment.run(tuple(trials), best(), None)


def _profiled(trace: str | None) -> Any:
    if trace is None:
        return nullcontext()
    from workers.runtime.profiler import profile

    return profile(trace)
