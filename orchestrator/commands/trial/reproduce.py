"""`sweep reproduce`: runs a recorded trial again in this process and compares how it ended, and number by number."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.commands.trial.rerun import run, trial_of
from tracking.common.errors import SweepError
from tracking.records import rows
from tracking.records.joined import RESULTS
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import AT_THE_END, TrialRecord
from tracking.records.rows import Outcome, Progress, Row
from workers.runtime import failure
from workers.runtime.failure import Failure

if TYPE_CHECKING:
    import pandas as pd

KEYS = ["trial", "step", "split", "measure", "layer"]
TOLERANCE = 1e-4  # relative, of a number above 1e-6: the same trial in another bundle, or on another machine
Watch = Callable[[Progress], None]


@dataclass(frozen=True)
class Compared:
    """A measure of the second run. rows: how many were recorded; of them `equal` to the bit, `missing` in the second
    run; `added`: how many only the second run has; the largest differences."""

    measure: str
    rows: int
    equal: int
    missing: int
    added: int
    largest_relative: float
    largest_absolute: float

    @property
    def finding(self) -> Literal["identical", "agrees", "differs"]:
        """ "agrees": to `TOLERANCE`."""
        if self.missing or self.added:
            return "differs"
        if self.equal == self.rows:
            return "identical"
        return "agrees" if self.largest_relative <= TOLERANCE else "differs"


@dataclass(frozen=True)
class Ended:
    """How a trial ended as it is recorded, and in the second run."""

    recorded: Outcome
    again: Outcome

    @property
    def finding(self) -> Literal["identical", "differs", "not ended"]:
        """By state, step and reason. "not ended": it was recorded as running or cancelled, and so cannot be compared.

        Of failures the error is compared, and not the step: that of a recorded failure is the step of the last commit.
        """
        if self.recorded.state not in (*RESULTS, "failed"):
            return "not ended"
        return "identical" if _comparable(self.recorded) == _comparable(self.again) else "differs"


def _comparable(outcome: Outcome) -> Outcome:
    if outcome.state != "failed":
        return outcome
    return Outcome("failed", -1, last_line(outcome))


def last_line(outcome: Outcome) -> str:
    """Its reason; of a failure the last line of the traceback."""
    return Failure("error", outcome.reason).line


@dataclass(frozen=True)
class Reproduced:
    """What a second run of a trial shows."""

    ended: Ended
    measures: tuple[Compared, ...]

    @property
    def differs(self) -> bool:
        """Whether its end or one of its measures does."""
        return "differs" in (self.ended.finding, *(one.finding for one in self.measures))


def reproduce(ledger: Ledger, one: TrialRecord, whole: bool, watch: Watch = lambda progress: None) -> Reproduced:
    """Runs a trial again, alone or (`whole`) with its whole bundle, and compares its end and its recorded numbers.

    What was measured of it later, in other bundles, is measured again in further runs. Raises Refused where this
    version does not know its settings, or lacks its data.
    """
    made, ends = list[Row](), list[Outcome]()
    for bundle in one.bundles:
        found, ended = _run_again(ledger, bundle, one.id, whole, watch)
        made += _counting(ledger, bundle, one.id, found, ended.step)
        ends.append(ended)
    if one.state not in RESULTS:  # its record stops at a commit, and the second run goes on
        made = [row for row in made if row.step <= one.step]
    measures = compare(ledger.rows([one]).to_pandas(), rows.table(made).to_pandas())
    return Reproduced(Ended(Outcome(one.state, one.step, one.reason), ends[0]), tuple(measures))


def _counting(ledger: Ledger, bundle: str, id: str, made: list[Row], last: int) -> list[Row]:
    """The rows of a second run whose like counts in this bundle: at the last step alone where it was measured there."""
    counting = set(ledger.bundle_rows(bundle, [id])["measure"].to_pylist())
    observed = ledger.manifests[bundle].observed
    ends = {name for name in counting if observed and observed.every_of(name) == AT_THE_END}
    return [row for row in made if row.measure in counting and (row.measure not in ends or row.step == last)]


def _run_again(ledger: Ledger, bundle: str, id: str, whole: bool, watch: Watch) -> tuple[list[Row], Outcome]:
    """The rows of a trial that is run as in one of its bundles, and how it ended."""
    manifest = ledger.manifests[bundle]
    mine = next(entry for entry in manifest.trials if entry.id == id)
    trials = [trial_of(ledger, manifest.record(entry)) for entry in (manifest.trials if whole else (mine,))]
    id_now = trials[manifest.trials.index(mine) if whole else 0].id  # another one for a record of an older version
    made, ended, step = list[Row](), dict[str, Outcome](), -1
    try:
        for progress in run(trials):
            made += [row._replace(trial=id) for row in progress.rows if row.trial == id_now]
            ended |= progress.ended
            step = progress.step
            watch(progress)
    except SweepError:
        raise
    except Exception as error:  # whatever an experiment or a file of the user's own raises: a launch records it, too
        return made, ended.get(id_now, Outcome("failed", step, failure.of(error).text))
    return made, ended[id_now]


def compare(recorded: "pd.DataFrame", made: "pd.DataFrame") -> list[Compared]:
    """Both with the columns of a row; one finding a measure. A NaN equals a NaN."""
    both = _plain(recorded).merge(_plain(made), on=KEYS, how="outer", suffixes=("", "_again"), indicator=True)
    return [_compared(str(name), part) for name, part in both.groupby("measure")]


def _plain(frame: "pd.DataFrame") -> "pd.DataFrame":
    return frame.astype({k: str for k in KEYS if k != "step"})


def _compared(name: str, part: "pd.DataFrame") -> Compared:
    import numpy as np

    counts = part["_merge"].value_counts()
    both = part[part["_merge"] == "both"]
    one, two = both["value"].to_numpy(), both["value_again"].to_numpy()
    same = (one == two) | (np.isnan(one) & np.isnan(two))
    finite = np.isfinite(one) & np.isfinite(two)
    off = np.abs(one - two)[finite]
    relative = float((off / np.maximum(np.abs(one[finite]), 1e-6)).max(initial=0.0))
    lost = bool((np.isfinite(one) != np.isfinite(two)).any())  # finite once, not finite the other time
    return Compared(
        name, len(part) - int(counts["right_only"]), int(same.sum()), int(counts["left_only"]),
        int(counts["right_only"]), float("inf") if lost else relative, float(off.max(initial=0.0)),
    )  # fmt: skip
