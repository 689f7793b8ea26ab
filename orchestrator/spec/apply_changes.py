"""Applies to a sweep file that was read what changes it: a profile, overrides, the number of seeds."""

from collections.abc import Iterator

from pydantic import JsonValue

from orchestrator.spec.dotted_keys import nested, outermost, put
from orchestrator.spec.file_model import File
from orchestrator.spec.grids.axes import Count, form
from orchestrator.spec.variant import Changes
from orchestrator.spec.yaml_source import Path, Source, dotted, scalar
from tracking.common.errors import BadSweep
from tracking.common.named_files.plugins import unknown

SEED = "seed"


def apply_changes(source: Source, file: File, changes: Changes) -> None:
    """Changes the values of `source`, and the places that messages name. Raises BadSweep with all that cannot be."""
    if changes.profile is not None:
        _apply_profile(source, changes.profile, file)
    problems = [problem for override in changes.overrides for problem in _override(source, override)]
    if changes.seeds is not None:
        problems += _replace_seeds(source, changes.seeds)
    if problems:
        raise BadSweep(problems)


def _apply_profile(source: Source, profile: str, file: File) -> None:
    """Puts a profile's sections over those of the file, and the profile's places over the file's."""
    if profile not in file.profiles:
        raise BadSweep([source.at(("profiles",), unknown("profile", profile, list(file.profiles) or ["(none)"]))])
    for section, change in source.value["profiles"][profile].items():
        if section == "fixed":
            source.value[section] = merged = nested(source.value.get(section, {}))
            for key, value in change.items():
                put(merged, key, value)
        elif section == "vary":
            both = {**source.value.get(section, {}), **change}
            source.value[section] = {key: axis for key, axis in both.items() if axis is not None}
            source.forget(*((section, key) for key in change))
        else:
            source.value[section] = change
            source.forget((section,))
        source.move(("profiles", profile, section), (section,))


def _override(source: Source, override: str) -> Iterator[str]:
    """Sets one fixed setting, or yields why it cannot be."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        yield f"--set: expected key=value, got '{override}'; as in --set epochs=10"
        return
    if key in source.value.get("vary", {}):
        remedy = "change its axis instead" + (", or their number by --seeds" if key == SEED else "")
        yield f"--set: '{key}' varies ({source.place(('vary', key))}), and only what is fixed can be set; {remedy}"
        return
    try:
        value = scalar(text)
    except BadSweep as error:
        yield from (f"--set: {key}: {problem.split(': ', 1)[1]}" for problem in error.problems)
        return
    source.value["fixed"] = fixed = nested(source.value.get("fixed", {}))
    changed = dotted(("fixed", outermost(fixed, key)))
    put(fixed, key, value)
    source.forget(changed)
    source.places[changed] = "--set"


def _replace_seeds(source: Source, count: int) -> Iterator[str]:
    """Makes every axis of seeds as long as asked, from its first seed on, so that the first trials stay the same ones;
    yields why that cannot be."""
    sections: list[Path] = [(), *(("grids", i) for i in range(len(source.value.get("grids", []))))]
    there = [path for path in sections if _section(source, path, "vary").get(SEED) is not None]
    fixed = [path for path in sections if SEED in _section(source, path, "fixed")]
    for path in fixed:
        yield f"--seeds: 'seed' is fixed ({source.place((*path, 'fixed', SEED))}); take that away, or leave --seeds out"
    if not there and not fixed:
        source.value["vary"] = {**source.value.get("vary", {}), SEED: {"count": count}}
        source.places["vary", SEED] = "--seeds"
    for path in there:
        axis, place = _section(source, path, "vary")[SEED], (*path, "vary", SEED)
        first = _first(axis)
        if first is None:
            yield (
                f"--seeds: 'seed' is not a count or successive integers ({source.place(place)}), so that there is no "
                "next one; write {count: " + f"{count}" + "} there"
            )
            continue
        _section(source, path, "vary")[SEED] = {"count": count, "start": first}
        source.forget(place)
        source.places[dotted(place)] = "--seeds"


def _section(source: Source, path: Path, name: str) -> dict[str, JsonValue]:
    """A section at the top of the file, or of one of its grids."""
    part = source.value
    for step in path:
        part = part[step]
    found: dict[str, JsonValue] = part.get(name, {})
    return found


def _first(axis: JsonValue) -> int | None:
    """The first seed of an axis of successive integers; None for any other."""
    if isinstance(axis, dict) and form(axis) is Count:
        return Count.model_validate(axis).start
    if isinstance(axis, list) and axis and all(isinstance(seed, int) for seed in axis):
        first = axis[0]
        if isinstance(first, int) and axis == list(range(first, first + len(axis))):
            return first
    return None
