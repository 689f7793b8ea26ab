"""What MLflow is told of a trial: names, params, tags and thinned points, all functions of the record alone.

Because nothing here depends on when it is sent, sending it again changes nothing.
"""

import getpass
import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tracking.common.flatten import flat
from tracking.records.manifest import TrialRecord
from tracking.records.rows import State

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
LAYERS = 8  # of a measure that are sent; a chart per layer of a deep net helps nobody, and the records have them all
HEAD, PER_OCTAVE, SPREAD = 16, 4, 32  # see `kept`
VIEW, COLUMNS = "sweep", 8  # name of the table of trials, and how many measures it shows
LINES = 8  # of a curve whose bands are sent, too
BANDS = {"low": "band", "high": "band", "n": "seeds"}  # columns of a curve's table -> chart section
SHORT = {"frobenius_norm": "norm"}  # measures whose chart section has a friendlier name


@dataclass(frozen=True)
class SweepInfo:
    """The sweep a mirror belongs to. `varied`: the flat settings that differ between its trials, for readable names.
    `source`: the sweep file, as the user named it."""

    name: str
    title: str
    source: str
    spec_hash: str
    varied: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parent:
    """What the sweep's own run shows. `files` maps a folder of the run's artifacts to files; `note` is Markdown."""

    state: State
    note: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    lines: dict[str, dict[int, float]] = field(default_factory=dict)
    files: dict[str, tuple[Path, ...]] = field(default_factory=dict)


class Point(NamedTuple):
    """One value of a metric; `ms` since 1970."""

    key: str
    value: float
    ms: int
    step: int


def text(value: Any, limit: int) -> str:
    """A value as MLflow shows it, cut visibly where MLflow would cut it silently."""
    whole = value if isinstance(value, str) else json.dumps(value, default=str)
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
    return " · ".join(f"{name} {_brief(settings[key])}" for name, key in zip(names, keys, strict=True))


def _brief(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else text(value, 40)


def params(trial: TrialRecord) -> dict[str, str]:
    """The trial's science: its settings and seed."""
    settings = {"experiment": trial.experiment, **flat(trial.settings)}
    return {key: text(value, PARAM_LIMIT) for key, value in settings.items()}


def tags(sweep: SweepInfo, trial: TrialRecord, parent: str) -> dict[str, str]:
    """Who the trial is, how it ended and where it comes from. Always the same keys, so that none goes stale."""
    known = flat(trial.provenance.plain())
    return {
        "mlflow.parentRunId": parent,
        "mlflow.runName": run_name(flat(trial.settings), sweep.varied),
        **_origin(sweep, str(known.pop("code.commit", ""))),
        "sweep.trial_id": trial.id,
        "sweep.cell": trial.cell,
        "sweep.bundle": trial.bundle,
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


def _origin(sweep: SweepInfo, commit: str) -> dict[str, str]:
    return {
        "mlflow.user": _user(),
        "mlflow.source.name": sweep.source,
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": commit,
        "sweep.name": sweep.name,
        "sweep.spec_hash": sweep.spec_hash,
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return "unknown"


def metric_key(measure: str, layer: str, split: str) -> str:
    """`error/test`, `norm/conv1`, `parameters`: what comes before the slash is a section of charts in MLflow."""
    key = "/".join(part for part in (SHORT.get(measure, measure), layer, split) if part)
    return re.sub(r"[^\w./ -]", "_", key)


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


def points(trial: TrialRecord, rows: pd.DataFrame, sent: int = -1) -> list[Point]:
    """The points of a trial that are not yet in MLflow, when all that were due at step `sent` are.

    rows: the trial's own, columns as in `records.rows.SCHEMA`. Values that are not finite are left out: MLflow turns
    infinity into 1.8e308 and hides NaN from every filter. The tag `diverged` and the metric `diverged_step` say it.
    """
    diverged = [Point("diverged_step", trial.step, stamp(trial, trial.step), trial.step)]
    out = diverged if trial.state == "diverged" else []
    if trial.state not in FINAL:  # what was committed since `trial` was read comes next time, with its own time
        rows = rows[rows["step"] <= trial.step]
    finite = rows[np.isfinite(rows["value"])].sort_values("step", kind="stable")
    seen: dict[tuple[str, str], int] = {}
    for (measure, layer, split), line in finite.groupby(["measure", "layer", "split"], observed=True, sort=False):
        seen[measure, split] = seen.get((measure, split), 0) + 1
        if seen[measure, split] <= LAYERS:
            out += _line(trial, metric_key(measure, layer, split), line, sent)
    return out


def _line(trial: TrialRecord, key: str, line: pd.DataFrame, sent: int) -> list[Point]:
    steps, values = line["step"].to_numpy(), line["value"].to_numpy()
    due = kept(len(steps), trial.state in FINAL) & ~(kept(len(steps), False) & (steps <= sent))
    return [Point(key, float(v), stamp(trial, s), int(s)) for s, v in zip(steps[due], values[due], strict=True)]


def stamp(trial: TrialRecord, step: int) -> int:
    """When this step was committed, in milliseconds since 1970."""
    latest = trial.clock[-1][1] if trial.clock else trial.started_ms
    return next((ms for last, ms in trial.clock if last >= step), latest)


def last(trials: Iterable[TrialRecord], otherwise: int) -> int:
    """When the last of these trials got its last step, in milliseconds since 1970; `otherwise` where there are none."""
    return max((stamp(t, t.step) for t in trials), default=otherwise)


def parts(items: list[Any], size: int) -> list[list[Any]]:
    """At least one part, which may be empty."""
    return [items[i : i + size] for i in range(0, len(items), size)] or [[]]


def view(varied: Sequence[str], keys: Iterable[str]) -> str:
    """The runs table of MLflow's pages as people want it: what varies beside train and test values. Its own default
    shows no number at all. This is the form in which its pages store a shared view."""
    measured = sorted(key for key in keys if key.endswith(("/train", "/test")))[:COLUMNS]
    params = [f"params.`{key}`" for key in dict.fromkeys([*varied, "seed"])]
    columns = [*params, *(f"metrics.`{key}`" for key in measured), "tags.`diverged`"]
    order = {"orderByKey": f"metrics.`{measured[0]}`", "orderByAsc": True} if measured else {}
    return json.dumps({"selectedColumns": columns, "searchFilter": "tags.`sweep.status` != ''", **order})


def view_link(experiment: str) -> str:
    """Markdown that leads to the table of `view`."""
    return (
        f"[Trials as a table](#/experiments/{experiment}/runs?workflowType=machine_learning&viewStateShareKey={VIEW})"
    )


def curve_lines(table: pd.DataFrame) -> tuple[dict[str, dict[int, float]], list[str]]:
    """Curves as metrics of the sweep's run, with the step as x; and the names of those that cannot be shown so.

    table: columns curve, line, x, centre, low, high, n, as `aggregate` makes it. MLflow's steps are
    whole numbers, so a curve against label noise or time is in the figures only. Bands and n have chart sections of
    their own, and are left out where a curve has so many lines that nobody would look at them.
    """
    lines: dict[str, dict[int, float]] = {}
    left_out = []
    for curve, every in table.groupby("curve", sort=False):
        shown = every[every["centre"].notna() & every["x"].notna()]
        if (shown["x"] % 1 != 0).any() or shown.duplicated(["line", "x"]).any():
            left_out.append(str(curve))
            continue
        for line, part in shown.groupby("line", sort=False):
            lines[curve_key(f"curve_{curve}/{line}")] = _values(part, "centre")
            for column, section in BANDS.items() if shown["line"].nunique() <= LINES else ():
                lines[curve_key(f"curve_{curve}: {section}/{line} {column}")] = _values(part, column)
    return {key: values for key, values in lines.items() if values}, left_out


def _values(part: pd.DataFrame, column: str) -> dict[int, float]:
    known = part[np.isfinite(part[column])]
    return {int(x): float(y) for x, y in zip(known["x"], known[column], strict=True)}


def curve_key(name: str) -> str:
    """A curve's line as the name of a metric, whatever characters it has: "test, noise=0" becomes "test noise 0"."""
    allowed = re.sub(r"[^\w./: -]", " ", name)
    return re.sub(r" *\s", " ", re.sub(r"/+", "/", allowed)).strip("/ ")
