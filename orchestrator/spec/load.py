"""Reads a sweep file: finds it, parses it, applies a profile and overrides. Every error has its line."""

import difflib
import importlib.resources
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from orchestrator.spec import checks, messages
from orchestrator.spec.axes import values
from orchestrator.spec.dotted_keys import nested, outermost, put
from orchestrator.spec.file_model import File
from orchestrator.spec.sweep import Sweep
from orchestrator.spec.yaml_source import Source, dotted, parse, scalar
from tracking.common.errors import BadSweep
from tracking.common.plugins import unknown

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
ENDINGS = (".yaml", ".yml")
NAMING = "a sweep is named by its file: at most 64 of a-z 0-9 . _ - and first a letter or digit"
MERGED = ("fixed", "vary")  # sections that a profile changes key by key; it replaces the others


def shipped_names() -> list[str]:
    """The names of the sweeps that come with this program."""
    found = (item.name for item in importlib.resources.files("sweeps").iterdir())
    return sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml"))


def read(spec: str, profile: str | None = None, overrides: Sequence[str] = ()) -> Sweep:
    """Reads a sweep file, or the shipped sweep of that name. Raises BadSweep with everything that is wrong with it."""
    content, name, path = _find(spec)
    source = parse(content, path)
    _check_top(source)
    file = _validated(source)
    _refuse(checks.as_written(source, file))  # before a profile hides what is wrong
    if profile is not None:
        _apply(source, profile, file)
    for override in overrides:
        _override(source, override)
    file = _validated(source)
    _refuse(checks.names(source, file) + checks.axes(source, ("vary",), file.vary))
    varied = {key: values(raw) for key, raw in file.vary.items()}
    fixed = nested(file.fixed)
    _refuse(checks.combinations(source, file, fixed, varied))
    return Sweep(
        **{k: getattr(file, k) for k in ("title", "source", "notes", "experiment", "zip", "when", "exclude")},
        **{k: getattr(file, k) for k in ("measure", "curves", "panels", "surfaces", "claims")},
        name=name, path=path, fixed=fixed, axes=varied, profiles=tuple(file.profiles), text=source,
        written=content.decode(), asked=_asked(spec, profile, overrides),
    )  # fmt: skip


def _asked(spec: str, profile: str | None, overrides: Sequence[str]) -> tuple[str, ...]:
    chosen = ["--profile", profile] if profile else []
    return (spec, *chosen, *(part for override in overrides for part in ("--set", override)))


def _find(spec: str) -> tuple[bytes, str, str]:
    """Content, name and path of a sweep."""
    if not spec.endswith(ENDINGS) and "/" not in spec:
        if spec not in shipped_names():
            here = next((f"{spec}{end}" for end in ENDINGS if os.path.isfile(f"{spec}{end}")), "")
            hint = f"for the file of this folder, write {here}" if here else "or give the path of a .yaml file"
            raise BadSweep([f"{unknown('sweep', spec, shipped_names())}; {hint}"])
        return importlib.resources.files("sweeps").joinpath(f"{spec}.yaml").read_bytes(), spec, f"{spec}.yaml"
    path = Path(spec)
    if not NAME.fullmatch(path.stem):
        raise BadSweep([f"{spec}: {NAMING}, got '{path.stem}'; rename the file"])
    try:
        return path.read_bytes(), path.stem, spec
    except OSError as error:
        there = os.listdir(path.parent) if os.path.isdir(path.parent) else []
        near = difflib.get_close_matches(path.name, [name for name in there if name.endswith(ENDINGS)], n=1)
        hint = f", did you mean '{path.with_name(near[0])}'?" if near else ";"
        what = f"{spec}: {(error.strerror or str(error)).lower()}{hint} shipped sweeps: {', '.join(shipped_names())}"
        raise BadSweep([what]) from error


def _check_top(source: Source) -> None:
    if source.value is None:
        raise BadSweep(
            [source.at((), "the file is empty; write title, experiment, fixed, vary, ... (`sweep list`: examples)")]
        )
    if not isinstance(source.value, dict):
        what = f"expected keys at the top (title: ..., experiment: ...), got {messages.given(source.value)}"
        raise BadSweep([source.at((), what)])


def _validated(source: Source) -> File:
    try:
        return File.model_validate_json(json.dumps(source.value), strict=True)
    except ValidationError as error:
        found = [source.at(p.path, p.message + _where_settings_belong(p)) for p in messages.explain(error, File)]
        raise BadSweep(found) from error


def _where_settings_belong(problem: messages.Problem) -> str:
    lost = problem.kind == "extra_forbidden" and len(problem.path) == 1 and "did you mean" not in problem.message
    return "; settings of the trials belong under 'fixed' or 'vary'" if lost else ""


def _refuse(found: list[str]) -> None:
    if found:
        raise BadSweep(found)


def _apply(source: Source, profile: str, file: File) -> None:
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
            for key in change:
                source.forget((section, key))
        else:
            source.value[section] = change
            source.forget((section,))
        source.move(("profiles", profile, section), (section,))


def _override(source: Source, override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise BadSweep([f"--set: expected key=value, got '{override}'; as in --set epochs=10"])
    if key in source.value.get("vary", {}):
        axis = source.place(("vary", key))
        raise BadSweep([f"--set: '{key}' varies ({axis}), and only what is fixed can be set; change its axis instead"])
    try:
        value = scalar(text)
    except BadSweep as error:
        raise BadSweep([f"--set: {key}: {problem.split(': ', 1)[1]}" for problem in error.problems]) from error
    source.value["fixed"] = fixed = nested(source.value.get("fixed", {}))
    changed = dotted(("fixed", outermost(fixed, key)))
    put(fixed, key, value)
    source.forget(changed)
    source.places[changed] = "--set"
