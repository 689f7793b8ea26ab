"""A sweep file as a `Sweep`: what is fixed, what varies, what is measured, drawn and claimed. Every error has its line."""

import copy
import importlib.resources
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from orchestrator import axes, problems
from orchestrator.axes import Axis
from orchestrator.source import BadSweep, Source, parse, scalar
from tracking import named
from tracking.curves import Curve
from tracking.named import Frozen, unknown
from workers.trial import digest

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
MERGED = ("fixed", "vary")  # sections that a profile changes key by key; it replaces the others


class Sections(Frozen):
    """The sections that a profile may change."""

    fixed: dict[str, Any] = Field({}, description="Settings that are equal in all trials; nested or with dotted keys.")
    vary: dict[str, Any] = Field({}, description="One axis per setting: a list, count, linear_space or log_space.")
    zip: list[list[str]] = Field([], description="Axes that move together: lists of their names.")
    when: dict[str, dict[str, Any]] = Field(
        {}, description="Axes that exist only where other settings have these values."
    )
    exclude: list[dict[str, Any]] = Field([], description="Combinations that are left out.")
    measure: list[str] | None = Field(None, description="What is measured: names of files in workers/measures.")
    curves: list[Curve] = Field([], description="What is drawn.")
    claims: list[named.settings_of("tracking.claims")] = Field([], description="What is judged.")  # type: ignore[valid-type]


class File(Sections):
    """A sweep: one YAML file."""

    title: str = Field(description="One line for people; the title of the figures.")
    source: str = Field("", description="Where the experiment comes from: a paper and its figure.")
    notes: str = Field("", description="What was chosen and why.")
    experiment: str = Field(description="The experiment: the name of a file in workers/experiments.")
    profiles: dict[str, Sections] = Field(
        {}, description="Named changes, such as debug (seconds) and laptop (minutes)."
    )


@dataclass(frozen=True)
class Sweep:
    """A sweep file that was read and checked, with one profile and all overrides applied."""

    name: str
    path: str
    title: str
    source: str
    notes: str
    experiment: str
    fixed: dict[str, Any]
    axes: dict[str, list[Any]]
    zip: list[list[str]]
    when: dict[str, dict[str, Any]]
    exclude: list[dict[str, Any]]
    measure: list[str] | None
    curves: list[Curve]
    claims: list[Any]
    profiles: tuple[str, ...]
    text: Source

    @property
    def digest(self) -> str:
        """Content hash of what is run, drawn and judged: equal for equal content, however it is written."""
        plain = [c.model_dump(mode="json") for c in (*self.curves, *self.claims)]
        parts = [self.experiment, self.fixed, self.axes, self.zip, self.when, self.exclude, self.measure, plain]
        return digest({"sweep": parts})

    def at(self, path: Sequence[str | int], message: str) -> str:
        """The message with the file and line of a path."""
        return self.text.at(tuple(path), message)


def shipped_names() -> list[str]:
    """The names of the sweeps that come with this program."""
    found = (item.name for item in importlib.resources.files("sweeps").iterdir())
    return sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml"))


def read(spec: str, profile: str | None = None, overrides: Sequence[str] = ()) -> Sweep:
    """Reads a sweep file, or the shipped sweep of that name. Raises BadSweep with everything that is wrong with it."""
    content, name, path = _find(spec)
    source = parse(content, path)
    _check_top(source)
    if profile is not None:
        _apply(source, profile)
    for override in overrides:
        _override(source, override)
    file = _validated(source)
    _check_names(source, file)
    return Sweep(
        **{k: getattr(file, k) for k in ("title", "source", "notes", "experiment", "zip", "when", "exclude")},
        **{k: getattr(file, k) for k in ("measure", "curves", "claims")},
        name=name, path=path, fixed=nested(file.fixed), axes=_axes(source, file), profiles=tuple(file.profiles), text=source,
    )  # fmt: skip


def nested(settings: dict[str, Any]) -> dict[str, Any]:
    """Dotted keys as nested ones: {"net.width": 8} -> {"net": {"width": 8}}."""
    out: dict[str, Any] = {}
    for key, value in settings.items():
        put(out, key, nested(value) if isinstance(value, dict) else value)
    return out


def put(settings: dict[str, Any], key: str, value: Any) -> None:
    """Sets a dotted key in nested settings; a mapping is merged into what is there."""
    *outer, last = key.split(".")
    for part in outer:
        inner = settings.setdefault(part, {})
        if not isinstance(inner, dict):  # a value stands where the key wants a mapping; validation says so
            inner = settings[part] = {}
        settings = inner
    if isinstance(value, dict) and isinstance(settings.get(last), dict):
        for inner_key, inner_value in value.items():
            put(settings[last], inner_key, inner_value)
    else:
        settings[last] = copy.deepcopy(value)


def _find(spec: str) -> tuple[bytes, str, str]:
    """Content, name and path of a sweep."""
    if not spec.endswith((".yaml", ".yml")) and "/" not in spec:
        if spec not in shipped_names():
            raise BadSweep([unknown("sweep", spec, shipped_names()) + "; or give the path of a .yaml file"])
        return importlib.resources.files("sweeps").joinpath(f"{spec}.yaml").read_bytes(), spec, f"{spec}.yaml"
    path = Path(spec)
    if not NAME.fullmatch(path.stem):
        raise BadSweep([f"{spec}: a sweep's name is its file's, and must match {NAME.pattern}, got '{path.stem}'"])
    try:
        return path.read_bytes(), path.stem, spec
    except OSError as error:
        raise BadSweep(
            [f"{spec}: {(error.strerror or str(error)).lower()}; shipped sweeps: {', '.join(shipped_names())}"]
        ) from error


def _check_top(source: Source) -> None:
    if source.value is None:
        raise BadSweep(
            [source.at((), "the file is empty; expected a mapping with title, experiment, fixed, vary, ...")]
        )
    if not isinstance(source.value, dict):
        raise BadSweep([source.at((), f"expected a mapping at the top, got {problems.given(source.value)}")])


def _apply(source: Source, profile: str) -> None:
    """Puts a profile's sections over those of the file."""
    known = source.value.get("profiles") or {}
    if not isinstance(known, dict) or profile not in known:
        names = list(known) if isinstance(known, dict) else []
        raise BadSweep([source.at(("profiles",), unknown("profile", profile, names or ["(none)"]))])
    for section, change in (known[profile] or {}).items():
        places = {k[2:]: v for k, v in source.places.items() if k[:3] == ("profiles", profile, section)}
        if section in MERGED and isinstance(change, dict) and isinstance(source.value.get(section), dict):
            if section == "fixed":
                source.value[section] = nested(source.value[section])
                for key, value in change.items():
                    put(source.value[section], key, value)
            else:
                merged = {**source.value[section], **change}
                source.value[section] = {k: v for k, v in merged.items() if v is not None}
        else:
            source.value[section] = change
            source.places = {k: v for k, v in source.places.items() if k[:1] != (section,)}
        source.places |= places


def _override(source: Source, override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise BadSweep([f"--set: expected key=value, got '{override}'"])
    vary = source.value.get("vary")
    if isinstance(vary, dict) and key in vary:
        raise BadSweep(
            [f"--set {key}: this setting is varied ({source.at(('vary', key), 'its axis')}); change the axis instead"]
        )
    fixed = source.value.setdefault("fixed", {})
    if isinstance(fixed, dict):
        source.value["fixed"] = nested(fixed)
        put(source.value["fixed"], key, scalar(text))


def _validated(source: Source) -> File:
    try:
        return File.model_validate_json(json.dumps(source.value), strict=True)
    except ValidationError as error:
        found = [problems.explain(e, File) for e in error.errors()]
        raise BadSweep([source.at(path, message) for path, message in found]) from error


def _check_names(source: Source, file: File) -> None:
    """Whatever must be the name of something."""
    found = []
    experiments = named.names("workers.experiments")
    if file.experiment not in experiments:
        found.append(source.at(("experiment",), unknown("experiment", file.experiment, experiments)))
    for section, names in (("zip", [n for group in file.zip for n in group]), ("when", list(file.when))):
        found += [source.at((section,), unknown("axis", n, list(file.vary))) for n in names if n not in file.vary]
    flat = _keys(nested(file.fixed))
    for axis in file.vary:
        if axis in flat:
            line = source.at(("fixed", *axis.split(".")), "here")
            found.append(
                source.at(("vary", axis), f"'{axis}' is also set in fixed ({line}); a setting is fixed or varied")
            )
    if found:
        raise BadSweep(found)


def _keys(settings: dict[str, Any], prefix: str = "") -> set[str]:
    inner = [_keys(v, f"{prefix}{k}.") for k, v in settings.items() if isinstance(v, dict)]
    return {f"{prefix}{k}" for k, v in settings.items() if not isinstance(v, dict)}.union(*inner)


def _axes(source: Source, file: File) -> dict[str, list[Any]]:
    """The values of every axis."""
    out, found = {}, []
    for key, raw in file.vary.items():
        try:
            out[key] = _axis(raw)
        except ValidationError as error:
            model: type[BaseModel] = axes.form(raw) or axes.Count
            for e in error.errors():
                path, message = problems.explain(e, model)
                found.append(source.at(("vary", key, *path), message))
        except ValueError as error:
            found.append(source.at(("vary", key), str(error)))
    for group in file.zip:
        sizes = [f"'{n}' has {len(out[n])} values" for n in group if n in out]
        if len({len(out[n]) for n in group if n in out}) > 1:
            found.append(source.at(("zip",), f"axes that move together must be equally long: {', '.join(sizes)}"))
    if found:
        raise BadSweep(found)
    return out


def _axis(raw: Any) -> list[Any]:
    axis: Axis | None = None
    if isinstance(raw, list):
        axis = raw
    elif isinstance(raw, dict) and (model := axes.form(raw)):
        axis = model.model_validate_json(json.dumps(raw), strict=True)
    if axis is None:
        raise ValueError(
            f"expected a list, or a mapping with count, linear_space or log_space, got {problems.given(raw)}"
        )
    values = axes.values(axis)
    if not values:
        raise ValueError("the list is empty: the sweep would have no trials")
    if same := axes.equal(values):
        raise ValueError(
            f"values {same[0]} and {same[1]} are equal ({values[same[0]]}): their trials would be identical"
        )
    return values
