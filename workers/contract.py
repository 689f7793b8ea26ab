"""The contract of a file that training uses, put to the test: `sweep check nets/mlp.py`.

A small training with the file is run alone, a second time, from its middle, in a bundle behind another model and beside
a model that diverges. Its rows must be the same in all of them: on this the promises of the records rest. A measure is
also taken once, at the end, of one of two models.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tracking.common.errors import SweepError
from tracking.common.named_files.contract import Check
from tracking.common.named_files.lookup import where
from tracking.common.named_files.plugins import Kind
from tracking.records.rows import Row
from workers.experiments import network
from workers.interfaces.bounds import of_file
from workers.plugins import DATASETS, LOSSES, MEASURES, NETS, OPTIMIZERS, PERTURBATIONS, SCHEDULES
from workers.runtime import checkpoint
from workers.trial import Trial

Settings = dict[str, Any]
Rows = dict[tuple[str, int, str, str, str], float]  # by all columns of a row but the value

KINDS: dict[str, Kind[Any]] = {
    "nets": NETS, "data": DATASETS, "losses": LOSSES, "measures": MEASURES, "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES, "perturbations": PERTURBATIONS,
}  # fmt: skip
SECOND_TIME, CHECKPOINT = "its rows are the same a second time", "they are the same from a checkpoint on"
SETTINGS = "trials that differ in its settings may be trained in one bundle"
BUNDLE, DIVERGING = "they are the same in a bundle with another trial", "they are the same beside a model that diverges"
ONCE, NO_CHANGE = "it is the same taken once, at the end of training", "it changes nothing that is measured after it"
REMEDIES = {
    SECOND_TIME: "draw random numbers from the trial's seed (workers.runtime.seeds), in a net from torch's "
    "generator, in an optimizer by NOISE",
    CHECKPOINT: "keep nothing from epoch to epoch but parameters, buffers and the tensors named in STATE",
    BUNDLE: "the first dimension of tensors is that of models: compute each from its own numbers",
    DIVERGING: "a measure must give NaN for a model that diverged (`snapshot.diverged()`); others stay as they are",
    ONCE: "a snapshot may have some of a bundle's models only, as many as snapshot.models says",
    NO_CHANGE: "change no tensor of the snapshot in place",
}  # of what is wrong with each part of the contract
EPOCHS, MIDDLE = 4, 2
TOLERANCE = 1e-4  # relative, of a trial alone against the same one in a bundle, as everywhere
DIVERGES = 1e30  # a learning rate
BASE: Settings = {
    "data": {"name": "digits", "train_size": 40, "test_size": 20},
    "net": {"name": "mlp", "hidden": [8]},
    "optimizer": {"name": "sgd", "batch_size": 10, "learning_rate": 0.05},
    "epochs": EPOCHS,
    "measure": ["error", "risk"],
    "seed": 1,
}


def checks(folder: str, name: str, given: Mapping[str, object]) -> Iterator[Check]:
    """Each part of the contract of the file with this name. folder: of its kind, a key of `KINDS`. given: keys of its
    Settings, for those that have no default."""
    settings = _with(folder, name, given)
    first: list[Rows] = []

    def alone() -> str:
        network.prepare([_trial(settings)])
        first.append(_rows([_trial(settings)]))
        return _unmeasured(folder, name, first[0])

    yield _check(KINDS[folder], name, "it is loaded, and a network is trained with it", alone)
    if not first:
        return
    if folder == "optimizers" and (zero := _zeroed(settings)):
        yield _check(KINDS[folder], name, SETTINGS, lambda: _prepared(zero, settings))
    again: tuple[tuple[str, Callable[[], str]], ...] = (
        (SECOND_TIME, lambda: _differs(first[0], _rows([_trial(settings)]), 0.0)),
        (CHECKPOINT, lambda: _differs(first[0], _resumed(_trial(settings)), 0.0)),
        (BUNDLE, lambda: _beside(settings, first[0], {"seed": 0})),
        (DIVERGING, lambda: _beside(settings, first[0], _diverging(settings))),
    )
    if folder == "measures":
        again += (
            (ONCE, lambda: _once(settings, first[0], name)),
            (NO_CHANGE, lambda: _without(settings, first[0], name)),
        )
    for about, test in again:
        found = _check(KINDS[folder], name, about, test)
        yield found._replace(problem=f"{found.problem}; {REMEDIES[about]}") if found.problem else found


def _with(folder: str, name: str, given: Mapping[str, object]) -> Settings:
    """The small training, with this file in it."""
    own = {"name": name, **given}
    optimizer = BASE["optimizer"]
    batch = {} if name == "gd" else {"batch_size": optimizer["batch_size"]}
    change: dict[str, Settings] = {
        "nets": {"net": own},
        "data": {"data": own},
        "losses": {"loss": name},
        "measures": {"measure": [name, *BASE["measure"]]},
        "optimizers": {"optimizer": {"learning_rate": 0.01, **batch, **own}},
        "schedules": {"optimizer": {**optimizer, "schedule": own}},
        "perturbations": {"perturbation": own},
    }
    return {**BASE, **change[folder]}


def _trial(settings: Settings) -> "Trial[network.Settings]":
    return cast("Trial[network.Settings]", Trial.of("network", settings))


def _check(kind: Kind[Any], name: str, about: str, test: Callable[[], str]) -> Check:
    """Runs one test. What the file raises is what is wrong with it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of overflow beside the model that diverges
            return Check(about, test())
    except SweepError as error:
        return Check(about, str(error))
    except ValidationError as error:
        return Check(about, "; ".join(dict.fromkeys(map(_refused, error.errors()))))
    except (Exception, SystemExit) as error:
        return Check(about, f"{where(error, kind.place(name))}: {type(error).__name__}: {error}")


def _refused(problem: ErrorDetails) -> str:
    """What is wrong with a setting of the small training."""
    if problem["type"] == "missing":
        key = problem["loc"][-1]
        return f"its setting '{key}' has no default: give it one, or a value for this test, as by --set {key}=8"
    return problem["msg"].removeprefix("Value error, ")


def _rows(trials: "list[Trial[network.Settings]]", resume: Mapping[str, Any] | None = None) -> Rows:
    """The rows of the last of these trials, trained together."""
    wanted, found = trials[-1].id, Rows()
    for progress in network.run(trials, "cpu", dict(resume) if resume else None):
        found |= {_key(row): row.value for row in progress.rows if row.trial == wanted}
    return found


def _key(row: Row) -> tuple[str, int, str, str, str]:
    return row.trial, row.step, row.split, row.measure, row.layer


def _resumed(trial: "Trial[network.Settings]") -> Rows:
    """The rows of one training up to its middle, and those of another one that goes on there."""
    found = Rows()
    for progress in network.run([trial], "cpu", None):
        found |= {_key(row): row.value for row in progress.rows}
        if progress.step >= MIDDLE:
            return found | _rows([trial], checkpoint.load(checkpoint.dump(progress.state())))
    return found


def _beside(settings: Settings, expected: Rows, change: Settings) -> str:
    return _differs(expected, _rows([_trial({**settings, **change}), _trial(settings)]), TOLERANCE)


def _without(settings: Settings, found: Rows, measure: str) -> str:
    """Where a measure changes the training, or what is measured after it."""
    others = _rows([_trial({**settings, "measure": BASE["measure"]})])
    return _differs(others, {key: value for key, value in found.items() if key[3] != measure}, 0.0)


def _once(settings: Settings, expected: Rows, measure: str) -> str:
    """Of a measure that is taken where the training ends, behind a model that ended before."""
    ends_early = {**settings, "seed": 0, "until": {"measure": "error", "at_most": 1.0}}
    trials = [_trial(s).measuring_once([measure]) for s in (ends_early, settings)]
    last = {key: value for key, value in expected.items() if key[3] != measure or key[1] == EPOCHS}
    return _differs(last, _rows(trials), TOLERANCE)


def _diverging(settings: Settings) -> Settings:
    return {"optimizer": {**settings["optimizer"], "learning_rate": DIVERGES}}


def _prepared(*settings: Settings) -> str:
    network.prepare([_trial(one) for one in settings])
    return ""


def _zeroed(settings: Settings) -> Settings:
    """The same training where those numbers of the optimizer are 0 that may be; empty where none may."""
    own = settings["optimizer"]
    numbers = {key: v for key, v in _trial(settings).plain["optimizer"].items() if isinstance(v, float) and v}
    found = {key: 0.0 for key in numbers if _is_valid({**settings, "optimizer": {**own, key: 0.0}})}
    return {**settings, "optimizer": {**own, **found}} if found else {}


def _is_valid(settings: Settings) -> bool:
    try:
        return bool(_trial(settings))
    except ValidationError:
        return False


def _unmeasured(folder: str, name: str, rows: Rows) -> str:
    """What is wrong with the rows of a measure."""
    if folder != "measures":
        return ""
    promised, found = set(MEASURES.load(name).SPLITS), {split for _, _, split, measure, _ in rows if measure == name}
    if promised != found:
        return f"SPLITS says {sorted(promised)}, and it yields values of the splits {sorted(found)}"
    low, high = of_file(MEASURES.place(name).path) or (-math.inf, math.inf)
    values = [value for key, value in rows.items() if key[3] == name and math.isfinite(value)]
    if values and not low <= min(values) <= max(values) <= high:
        return f"BOUNDS says {low:g} to {high:g}, and it yields values from {min(values):g} to {max(values):g}"
    return ""


def _differs(expected: Rows, found: Rows, tolerance: float) -> str:
    """The first row that is not the same."""
    if expected.keys() != found.keys():
        key = next(iter(sorted(expected.keys() ^ found.keys())))
        return f"{_said(key)} is recorded in one of the two trainings only"
    for key, value in expected.items():
        same = value == found[key] or (math.isnan(value) and math.isnan(found[key]))
        if not same and not math.isclose(value, found[key], rel_tol=tolerance, abs_tol=tolerance):
            return f"{_said(key)} is {value:.9g} alone, and here {found[key]:.9g}"
    return ""


def _said(key: tuple[str, int, str, str, str]) -> str:
    _, step, split, measure, layer = key
    return " ".join(part for part in (measure, split, layer, f"at epoch {step}") if part)
