"""What curves, surfaces and claims speak of must exist: settings and their values in some trial, measures, curves."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.spec.sweep import Sweep
from tracking.common.errors import BadSweep
from tracking.common.flatten import flat
from tracking.common.plugins import unknown
from workers.plugins import EXPERIMENTS
from workers.trial import Trial

Path = tuple[str | int, ...]
SHOWN = 12  # values of one setting


def check(sweep: Sweep, trials: Sequence[Trial]) -> None:
    """Raises BadSweep for every name that is none, then for every condition that no trial fulfils."""
    asked = {key for _, _, plain in _mentioning(sweep) for key in plain.get("where") or ()}
    keys, settings = set[str](), []
    for trial in trials:
        one = flat(trial.plain)
        keys |= one.keys()
        settings.append({key: one[key] for key in asked if key in one})
    known = _known(sweep, trials[0], sorted(keys))
    found = [
        sweep.at(path, unknown(what, name, known[what]))
        for path, what, name in _names(sweep)
        if name is not None and name not in known[what]
    ]
    found = found or [sweep.at(path, problem) for path, problem in _empty(sweep, settings)]
    if found:
        raise BadSweep(found)


def _known(sweep: Sweep, trial: Trial, settings: list[str]) -> dict[str, list[str]]:
    always = EXPERIMENTS.load(sweep.experiment).MEASURES
    measures = sorted({*always, *(trial.plain.get("measure") or ())})
    return {
        "measure": measures, "setting or measure": [*settings, *measures, "step"], "setting": settings,
        "curve": [c.name for c in sweep.curves],
    }  # fmt: skip


def _mentioning(sweep: Sweep) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Everything that is drawn or judged: section, place in it, and what it says."""
    for section, items in (("curves", sweep.curves), ("claims", sweep.claims), ("surfaces", sweep.surfaces)):
        for i, item in enumerate(items):
            yield section, i, json.loads(item.model_dump_json())


def _names(sweep: Sweep) -> Iterator[tuple[Path, str, str | None]]:
    """Every name in what is drawn and judged: where it stands, what it must be the name of, and the name."""
    for section, i, plain in _mentioning(sweep):
        yield (section, i, "y"), "measure", plain.get("y")
        yield (section, i, "x"), "measure" if section == "surfaces" else "setting or measure", plain.get("x")
        yield (section, i, "z"), "measure", plain.get("z")
        for field in ("group", "where"):
            for key in plain.get(field) or ():
                yield (section, i, field, key), "setting", key
    for i, panel in enumerate(sweep.panels):
        for name in panel.curves:
            yield ("panels", i, "curves"), "curve", name


def _empty(sweep: Sweep, settings: list[dict[str, Any]]) -> Iterator[tuple[Path, str]]:
    """Conditions that leave nothing to draw or to judge, which would else be found out when all has been trained."""
    for section, i, plain in _mentioning(sweep):
        left = settings
        for key, value in (plain.get("where") or {}).items():
            wanted = value if isinstance(value, list) else [value]
            there, left = left, [s for s in left if s.get(key) in wanted]
            if not left:
                yield (section, i, "where", key), f"no trial has {key} = {_text(value)}; {_exist(key, there, settings)}"
                break


def _exist(key: str, there: list[dict[str, Any]], settings: list[dict[str, Any]]) -> str:
    values = list(dict.fromkeys(_text(s.get(key)) for s in there))
    more = f", ... ({len(values)} values)" if len(values) > SHOWN else ""
    those = "those that fulfil the conditions before it have" if len(there) < len(settings) else "there are"
    return f"{those} {', '.join(values[:SHOWN])}{more}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
