"""What MLflow is told of a sweep and its trials in words: names, params and tags, functions of the record alone.

Because nothing here depends on when it is sent, sending it again changes nothing.
"""

import functools
import getpass
import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tracking.common.flatten import flat
from tracking.mirror.content import notes
from tracking.mirror.content.curve_runs import CurveLine
from tracking.mirror.content.data_sets import Stored
from tracking.mirror.content.views import CELL
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.provenance import Provenance
from tracking.records.rows import State

STATUS: dict[State, str] = {
    "running": "RUNNING",
    "finished": "FINISHED",
    "diverged": "FINISHED",
    "failed": "FAILED",
    "cancelled": "KILLED",
}
PARAM_LIMIT = 6000  # characters; MLflow cuts what is longer, silently
TAG_LIMIT = 5000
ALL_SENT = "all"


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
    """What the sweep's own run shows.

    note: Markdown. lines: each gets a run of its own. logarithmic: the names of the curves whose x axis is. files: of
    the run's artifacts, by folder ("" for the top). texts: artifacts at the top, by name. origin: the digest of what
    all of it was made from, "" where that is not known.
    """

    state: State
    note: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    lines: tuple[CurveLine, ...] = ()
    logarithmic: frozenset[str] = frozenset()
    files: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    origin: str = ""


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


def run_name(settings: Mapping[str, Any], varied: Sequence[str]) -> str:
    """What tells a trial from its neighbours, short enough for a column: "width 16 · noise 0 · seed 3"."""
    keys = tuple([k for k in varied if k in settings and k != "seed"] + ["seed"] * ("seed" in settings))
    return " · ".join(f"{name} {text(settings[key], 40)}" for name, key in zip(_last_words(keys), keys, strict=True))


@functools.lru_cache(64)
def _last_words(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The last word of each key, or the key itself where two have the same."""
    ends = [re.split(r"[._]", key)[-1] for key in keys]
    return tuple(end if ends.count(end) == 1 else key for end, key in zip(ends, keys, strict=True))


def cell_name(sweep: SweepInfo, trial: TrialRecord) -> str:
    """What tells the trial's cell from the others; the sweep's name where there is one cell."""
    settings = flat(trial.settings)
    settings.pop("seed", None)
    return run_name(settings, sweep.varied) or sweep.name


def params(trial: TrialRecord) -> dict[str, str]:
    """The trial's science: its settings and seed."""
    settings = {"experiment": trial.experiment, **flat(trial.settings)}
    return {key: text(value, PARAM_LIMIT) for key, value in settings.items()}


def fixed_params(sweep: SweepInfo, trial: TrialRecord) -> dict[str, str]:
    """What is the same in every trial of the sweep, from any one of them. Where a choice by name varies, such as
    optimizer.schedule, none of its settings is: other choices have others."""
    choices = tuple(f"{key.removesuffix('.name')}." for key in sweep.varied)
    every = params(trial).items()
    return {key: value for key, value in every if key not in {*sweep.varied, "seed"} and not key.startswith(choices)}


def tags(sweep: SweepInfo, trial: TrialRecord, parent: str) -> dict[str, str]:
    """Who the trial is, how it ended and where it comes from. Always the same keys, so that none goes stale."""
    code, known = _provenance_tags(trial.provenance)
    settings = flat(trial.settings)
    return {
        "mlflow.parentRunId": parent,
        "mlflow.runName": run_name(settings, sweep.varied),
        **_origin(sweep, code),
        "sweep.role": "trial",
        notes.TRIAL: trial.id,
        "sweep.cell": trial.cell,
        CELL: cell_name(sweep, trial),
        "mlflow.sweep.bundle": trial.bundle,
        "sweep.status": trial.state,
        "sweep.reason": text(trial.reason, TAG_LIMIT),
        "sweep.step": str(trial.step),
        "diverged": "true" if trial.state == "diverged" else "false",
        **known,
    }


@functools.lru_cache(64)
def _provenance_tags(provenance: Provenance) -> tuple[str, dict[str, str]]:
    """The commit of the code, and the rest. Cached: the trials of a launch share it."""
    known = flat(replace(provenance, spent=None).plain())
    return str(known.pop("code.commit", "")), {key: text(value, TAG_LIMIT) for key, value in known.items()}


def marks(sweep: SweepInfo, trial: TrialRecord, parent: str, complete: bool, sent: int) -> dict[str, str]:
    """What is noted when all of a trial that is due has been sent. complete: whether no more points can come. sent: up
    to which step it had been sent before."""
    done = all_sent(trial) if complete else str(max(trial.step, sent))
    return {notes.SENT: done, notes.MIRRORED: trial_digest(sweep, trial, parent)}


def trial_digest(sweep: SweepInfo, trial: TrialRecord, parent: str) -> str:
    """Equal when there is nothing to send: rows are only ever added to, so state and step stand for them."""
    return digest(tags(sweep, trial, parent), params(trial), trial.clock[-1:], all_sent(trial))


def parent_tags(sweep: SweepInfo, parent: Parent | None, commit: str) -> dict[str, str]:
    """The tags of the sweep's own run."""
    given = {"mlflow.note.content": parent.note, **parent.tags} if parent else {}
    return {"mlflow.runName": sweep.name, **_origin(sweep, commit), "sweep.role": "sweep", **given}


def shown(sweep: SweepInfo, origin: str, lines: int) -> str:
    """What the sweep's own run is marked with when all that it shows, and so many lines, were made from `origin`; ""
    where that is not known."""
    return digest(sweep, _user(), origin, lines) if origin else ""


def line_tags(sweep: SweepInfo, line: CurveLine, key: str, parent: str) -> dict[str, str]:
    """The tags of the run of a curve's line; `key` is what it is known by."""
    return {
        "mlflow.parentRunId": parent,
        "mlflow.runName": line.name,
        **_origin(sweep, ""),
        "sweep.role": "curve",
        "sweep.curve": line.curve,
        notes.LINE: key,
    }


def _origin(sweep: SweepInfo, commit: str) -> dict[str, str]:
    return {
        "mlflow.user": _user(),
        "mlflow.source.name": sweep.source,
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": commit,
        notes.NAME: sweep.name,
        "mlflow.sweep.spec_hash": sweep.spec_hash,
    }


@functools.cache
def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return "unknown"


def as_it_stands(trial: TrialRecord, at_work: Collection[str] | None) -> TrialRecord:
    """A trial as it is shown: one that is not done and that nobody works on is no longer running."""
    if trial.state != "running" or at_work is None or trial.id in at_work:
        return trial
    return trial._replace(state="cancelled", reason=f"interrupted after step {trial.step}; the next launch goes on")


def all_sent(trial: TrialRecord) -> str:
    """What says that no more points of a trial can come, until a measure is recorded of it in one bundle more."""
    return " ".join([ALL_SENT, *(f"{other.bundle}:{len(other.measures)}" for other in trial.beside)])
