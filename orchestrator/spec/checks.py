"""What must be true of a sweep file beyond its form: names exist, axes have values, nothing is set twice."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from orchestrator.spec import messages
from orchestrator.spec.axes import Count, form, values
from orchestrator.spec.file_model import File
from orchestrator.spec.yaml_source import Path, Source, dotted
from tracking.common.flatten import flat
from tracking.common.plugins import unknown
from workers.plugins import EXPERIMENTS

Settings = dict[str, Any]


def as_written(source: Source, file: File) -> list[str]:
    """What is wrong with the file whatever profile is chosen."""
    found = _given_once(source, ("fixed",), file.fixed)
    for name, sections in file.profiles.items():
        found += _given_once(source, ("profiles", name, "fixed"), sections.fixed)
        changed = {key: raw for key, raw in sections.vary.items() if raw is not None}
        for key in sections.vary.keys() - changed.keys() - file.vary.keys():
            what = f"{unknown('axis', key, list(file.vary))}; null takes an axis of the file away"
            found.append(source.at(("profiles", name, "vary", key), what))
        found += axes(source, ("profiles", name, "vary"), changed)
    return found


def names(source: Source, file: File) -> list[str]:
    """Whatever must be the name of an experiment or of an axis."""
    found = []
    experiments = EXPERIMENTS.names()
    if file.experiment not in experiments:
        found.append(source.at(("experiment",), unknown("experiment", file.experiment, experiments)))
    known = list(file.vary) or ["(none)"]
    zipped: list[tuple[Path, str]] = [
        (("zip", i, j), name) for i, group in enumerate(file.zip) for j, name in enumerate(group)
    ]
    for path, name in (*zipped, *((("when", name), name) for name in file.when)):
        if name not in file.vary:
            found.append(source.at(path, unknown("axis", name, known)))
    first: dict[str, Path] = {}
    for path, name in zipped:
        if first.setdefault(name, path) != path:
            found.append(source.at(path, f"'{name}' is named twice, but an axis moves with one group only; drop one"))
    for i, group in enumerate(file.zip):
        if len(group) < 2:
            what = f"needs at least two axes to move together, got {messages.given(group)}"
            found.append(source.at(("zip", i), what))
    return found + _drawn_once(source, file)


def _drawn_once(source: Source, file: File) -> list[str]:
    """Curves, panels and surfaces are files of one folder."""
    found = []
    first: dict[str, Path] = {}
    drawn = {("curves", i): curve.name for i, curve in enumerate(file.curves)}
    drawn |= {("panels", i): panel.name for i, panel in enumerate(file.panels)}
    drawn |= {("surfaces", i): surface.name for i, surface in enumerate(file.surfaces)}
    for path, name in drawn.items():
        if first.setdefault(name, path) != path:
            what = f"'{name}' is also the name of what is drawn at {source.place(first[name])}; choose another"
            found.append(source.at((*path, "name"), what))
    return found


def axes(source: Source, section: Path, vary: Settings) -> list[str]:
    """What is wrong with the axes of a section."""
    found = []
    for key, raw in vary.items():
        try:
            values(raw)
        except ValidationError as error:
            for path, _, message in messages.explain(error, form(raw) or Count):
                found.append(source.at((*section, key, *path), message))
        except ValueError as error:
            found.append(source.at((*section, key), str(error)))
    return found


def combinations(source: Source, file: File, fixed: Settings, varied: dict[str, list[Any]]) -> list[str]:
    """Whether axes fit together and with what is fixed."""
    found = []
    for i, group in enumerate(file.zip):
        if len({len(varied[axis]) for axis in group}) > 1:
            sizes = ", ".join(f"'{axis}' has {len(varied[axis])}" for axis in group)
            found.append(source.at(("zip", i), f"axes that move together need equally many values, but {sizes}"))
    found += _set_once(source, flat(fixed), varied)
    if file.measure is not None and ("measure" in fixed or "measure" in varied):
        section = "fixed" if "measure" in fixed else "vary"
        found.append(source.at((section, "measure"), f"given twice, also at {source.place(('measure',))}; keep one"))
    known = sorted({*flat(fixed), *(key for axis in varied for key in _sets(axis, varied[axis]))})
    rules: list[tuple[Path, Settings]] = [(("when", axis), rule) for axis, rule in file.when.items()]
    rules += [(("exclude", i), rule) for i, rule in enumerate(file.exclude)]
    for path, rule in rules:
        for key in rule:
            if key not in known:
                what = unknown("setting", key, known) + "; a condition needs a setting that is fixed or varied"
                found.append(source.at((*path, key), what))
    return found


def _set_once(source: Source, fixed: Settings, varied: dict[str, list[Any]]) -> list[str]:
    """No axis may set what is fixed or what another axis sets."""
    found = []
    setters: dict[str, str] = {}  # key -> the axis that sets it
    for axis, its_values in varied.items():
        for key in _sets(axis, its_values):
            for other in [k for k in fixed if _meet(k, key)]:
                place = source.place(("fixed", other))
                whole = f"; it must be a mapping for '{key}' to be inside it" if key.startswith(f"{other}.") else ""
                remedy = whole or "; fix it or vary it"
                found.append(source.at(("vary", axis), f"'{other}' is also fixed, at {place}{remedy}"))
            for other in [k for k in setters if _meet(k, key) and setters[k] != axis]:
                what = f"'{key}' is also varied, by the axis '{setters[other]}'; keep one"
                found.append(source.at(("vary", axis), what))
            setters[key] = axis
    return list(dict.fromkeys(found))


def _sets(axis: str, its_values: list[Any]) -> list[str]:
    """The dotted settings that an axis sets: itself, or what is in its mappings. Nothing (null) sets nothing."""
    maps = [flat(v, f"{axis}.") for v in its_values if isinstance(v, dict)]
    single = [axis] if any(not isinstance(v, dict) and v is not None for v in its_values) or not maps else []
    return [*single, *dict.fromkeys(key for m in maps for key in m)]


def _meet(one: str, other: str) -> bool:
    """Whether two dotted keys are the same, or one is inside the other."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _given_once(source: Source, section: Path, settings: Settings) -> list[str]:
    """Settings may be nested or have dotted keys, but not both for the same one."""
    found = []
    leaves: set[Path] = set()
    above: set[Path] = set()
    for path in _leaves(settings, ()):
        key = dotted(path)
        if key in leaves:
            what = f"'{'.'.join(path)}' is given twice, once with dots and once nested; keep one"
            found.append(source.at((*section, *path), what))
        elif outer := next((key[:n] for n in range(1, len(key)) if key[:n] in leaves), key if key in above else None):
            name = ".".join(map(str, outer))
            what = f"'{name}' is given both as a value and as a mapping; keep one, such as {name}: {{name: ..., ...}}"
            found.append(source.at((*section, *path), what))
        leaves.add(key)
        above |= {key[:n] for n in range(1, len(key))}
    return found


def _leaves(settings: Settings, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key))
        else:
            yield *path, key
