"""What MLflow is told of a trial: names, params, tags and thinned points, all functions of the record alone.

Because nothing here depends on when it is sent, sending it again changes nothing.
"""

import getpass
import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tracking.common.flatten import flat
from tracking.mirror.curve_runs import CurveLine, Point, metric_key
from tracking.mirror.data_sets import Stored
from tracking.mirror.views import CELL
from tracking.records.manifest import TrialRecord
from tracking.records.rows import State

if TYPE_CHECKING:
    import pandas as pd

STATUS: dict[State, str] = {
    "running": "RUNNING",
    "finished": "FINISHED",
    "diverged": "FINISHED",
    "failed": "FAILED",
    "cancelled": "KILLED",
}
FINAL = frozenset({"finished", "diverged"})  # never trained again; what failed or was cancelled may be
PARAM_LIMIT = 6000  # characters; MLflow cuts what is longer, silently
TAG_LIMIT = 5000
ALL_SENT = "all"
LAYERS = 8  # of a measure that are sent; a chart per layer of a deep net helps nobody, and the records have them all
HEAD, PER_OCTAVE, SPREAD = 16, 4, 32  # see `kept`


@dataclass(frozen=True)
class SweepInfo:
    """The sweep a mirror belongs to.

    source: the sweep file, as the user named it. varied: the flat settings that differ between its trials, for readable
    names. images: what an image of each data set is, by the name in `data.name`, as far as that is known.
    """

    name: str
    title: str
    source: str
    spec_hash: str
    varied: tuple[str, ...] = ()
    images: Mapping[str, Stored] = field(default_factory=dict)


@dataclass(frozen=True)
class Parent:
    """What the sweep's own run shows. `files` maps a folder of the run's artifacts to files; `note` is Markdown; each
    of `lines` gets a run of its own."""

    state: State
    note: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    lines: tuple[CurveLine, ...] = ()
    files: dict[str, tuple[Path, ...]] = field(default_factory=dict)


def text(value: Any, limit: int) -> str:
    """A value as MLflow's own `log_param` writes it, cut visibly where MLflow would cut it silently."""
    whole = str(value)
    if len(whole) <= limit:
        return whole
    note = f"... ({len(whole)} characters, all of them in the records)"
    return whole[: limit - len(note)] + note


def digest(*content: Any) -> str:
    """Short hash that is equal for equal plain values."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:20]


def run_name(settings: dict[str, Any], varied: Sequence[str]) -> str:
    """What tells a trial from its neighbours, short enough for a column: "width 16 · noise 0 · seed 3"."""
    keys = [k for k in varied if k in settings and k != "seed"] + ["seed"] * ("seed" in settings)
    ends = [re.split(r"[._]", k)[-1] for k in keys]
    names = [end if ends.count(end) == 1 else key for end, key in zip(ends, keys, strict=True)]
    return " · ".join(f"{name} {text(settings[key], 40)}" for name, key in zip(names, keys, strict=True))


def params(trial: TrialRecord) -> dict[str, str]:
    """The trial's science: its settings and seed."""
    settings = {"experiment": trial.experiment, **flat(trial.settings)}
    return {key: text(value, PARAM_LIMIT) for key, value in settings.items()}


def fixed_params(sweep: SweepInfo, trial: TrialRecord) -> dict[str, str]:
    """What is the same in every trial of the sweep, from any one of them."""
    return {key: value for key, value in params(trial).items() if key not in {*sweep.varied, "seed"}}


def spent_points(trial: TrialRecord) -> list[Point]:
    """What its bundle has spent, at the trial's end: seconds of training and of evaluation, visits of examples."""
    spent = trial.provenance.spent
    if spent is None:
        return []
    numbers = {"training_seconds": spent.training, "evaluation_seconds": spent.evaluation, "visits": spent.visits}
    ms = stamp(trial, trial.step)
    return [Point(metric_key("spent", key, ""), float(value), ms, trial.step) for key, value in numbers.items()]


def setting_points(sweep: SweepInfo, trial: TrialRecord) -> list[Point]:
    """The settings that vary and are numbers, as metrics: MLflow sorts params as texts, and takes none as an axis."""
    settings = flat(trial.settings)
    varied = {key: settings[key] for key in dict.fromkeys([*sweep.varied, "seed"]) if key in settings}
    numbers = {key: v for key, v in varied.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    return [Point(metric_key("setting", key, ""), float(v), trial.started_ms, 0) for key, v in numbers.items()]


def tags(sweep: SweepInfo, trial: TrialRecord, parent: str) -> dict[str, str]:
    """Who the trial is, how it ended and where it comes from. Always the same keys, so that none goes stale."""
    known = flat(replace(trial.provenance, spent=None).plain())
    return {
        "mlflow.parentRunId": parent,
        "mlflow.runName": run_name(flat(trial.settings), sweep.varied),
        **_origin(sweep, str(known.pop("code.commit", ""))),
        "sweep.role": "trial",
        "sweep.trial_id": trial.id,
        "sweep.cell": trial.cell,
        CELL: run_name({k: v for k, v in flat(trial.settings).items() if k != "seed"}, sweep.varied) or sweep.name,
        "mlflow.sweep.bundle": trial.bundle,
        "sweep.status": trial.state,
        "sweep.reason": text(trial.reason, TAG_LIMIT),
        "sweep.step": str(trial.step),
        "diverged": "true" if trial.state == "diverged" else "false",
        **{key: text(value, TAG_LIMIT) for key, value in known.items()},
    }


def parent_tags(sweep: SweepInfo, parent: Parent | None, commit: str) -> dict[str, str]:
    """The tags of the sweep's own run."""
    given = {"mlflow.note.content": parent.note, **parent.tags} if parent else {}
    return {"mlflow.runName": sweep.name, **_origin(sweep, commit), "sweep.role": "sweep", **given}


def line_tags(sweep: SweepInfo, line: CurveLine, key: str, parent: str) -> dict[str, str]:
    """The tags of the run of a curve's line; `key` is what it is known by."""
    return {
        "mlflow.parentRunId": parent,
        "mlflow.runName": line.name,
        **_origin(sweep, ""),
        "sweep.role": "curve",
        "sweep.curve": line.curve,
        "sweep.line": key,
    }


def _origin(sweep: SweepInfo, commit: str) -> dict[str, str]:
    return {
        "mlflow.user": _user(),
        "mlflow.source.name": sweep.source,
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": commit,
        "sweep.name": sweep.name,
        "mlflow.sweep.spec_hash": sweep.spec_hash,
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return "unknown"


def kept(count: int, final: bool) -> NDArray[np.bool_]:
    """Which of `count` successive points of one key are sent: (count,), about fifty for a few hundred.

    While a trial may still go on: the first HEAD, then PER_OCTAVE each time their number doubles. This never depends
    on how many will come, so a point once sent stays right. When no more will come: also SPREAD evenly spaced ones
    and the last.
    """
    i = np.arange(count)
    stride = 2 ** np.floor(np.log2(np.maximum(i, 1) / PER_OCTAVE)).clip(0).astype(int)
    keep: NDArray[np.bool_] = (i < HEAD) | (i % stride == 0)
    if final and count:
        keep |= (i % math.ceil(count / SPREAD) == 0) | (i == count - 1)
    return keep


def as_it_stands(trial: TrialRecord, at_work: Collection[str] | None) -> TrialRecord:
    """A trial as it is shown: one that is not done and that nobody works on is no longer running."""
    if trial.state != "running" or at_work is None or trial.id in at_work:
        return trial
    return replace(trial, state="cancelled", reason=f"interrupted after step {trial.step}; `sweep launch` goes on")


def all_sent(trial: TrialRecord) -> str:
    """What says that no more points of a trial can come, until a measure is recorded of it in one bundle more."""
    return " ".join([ALL_SENT, *(f"{other.bundle}:{len(other.measures)}" for other in trial.beside)])


def points(sweep: SweepInfo, trial: TrialRecord, rows: "pd.DataFrame", sent: int = -1) -> list[Point]:
    """The points of a trial that are not yet in MLflow, when all that were due at step `sent` are.

    rows: the trial's own, columns as in `records.rows.SCHEMA`. Values that are not finite are left out: MLflow turns
    infinity into 1.8e308 and hides NaN from every filter. The tag `diverged` and the metric `diverged_step` say it.
    """
    diverged = [Point("diverged_step", trial.step, stamp(trial, trial.step), trial.step)]
    out = setting_points(sweep, trial) if sent < 0 else []
    out += spent_points(trial) if trial.state in FINAL else []
    out += diverged if trial.state == "diverged" else []
    if trial.state not in FINAL:  # what was committed since `trial` was read comes next time, with its own time
        rows = rows[rows["step"] <= trial.step]
    finite = rows[np.isfinite(rows["value"])].sort_values("step", kind="stable")
    seen: dict[tuple[str, str], int] = {}
    for (measure, layer, split), line in finite.groupby(["measure", "layer", "split"], observed=True, sort=False):
        seen[measure, split] = seen.get((measure, split), 0) + 1
        if seen[measure, split] <= LAYERS:
            out += _line(trial, metric_key(measure, layer, split), line, sent)
    return out


def _line(trial: TrialRecord, key: str, line: "pd.DataFrame", sent: int) -> list[Point]:
    steps, values = line["step"].to_numpy(), line["value"].to_numpy()
    due = kept(len(steps), trial.state in FINAL) & ~(kept(len(steps), False) & (steps <= sent))
    return [Point(key, float(v), stamp(trial, s), int(s)) for s, v in zip(steps[due], values[due], strict=True)]


def stamp(trial: TrialRecord, step: int) -> int:
    """When this step was reached, in milliseconds since 1970: interpolated between the commits around it.

    The records know the time of each commit, not of each step. Steps are spread evenly between the commit before (or
    the trial's start) and their own; the last step of a commit has the commit's time.
    """
    before, since = -1, trial.started_ms
    for last, ms in trial.clock:
        if last >= step:
            share = (max(step, -1) - before) / (last - before) if last > before else 1.0
            return since + round((ms - since) * min(max(share, 0.0), 1.0))
        before, since = last, ms
    return since


def last(trials: Iterable[TrialRecord], otherwise: int) -> int:
    """When the last of these trials got its last step, in milliseconds since 1970; `otherwise` where there are none."""
    return max((stamp(t, t.step) for t in trials), default=otherwise)


def parts(items: list[Any], size: int) -> list[list[Any]]:
    """At least one part, which may be empty."""
    return [items[i : i + size] for i in range(0, len(items), size)] or [[]]
