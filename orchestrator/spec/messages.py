"""Says in plain words what pydantic found wrong: what was given, what is expected, the nearest name, the remedy."""

import json
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeGuard, get_args

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from tracking.common.named_files.plugins import (
    MISSING_NAME,
    UNKNOWN_NAME,
    HasSettings,
    Kind,
    kind_of,
    settings_of,
    unknown,
)
from tracking.common.text import count_of

Path = tuple[str | int, ...]
KINDS = {
    "int_type": "an integer", "int_from_float": "an integer", "float_type": "a number", "bool_type": "true or false",
    "string_type": "a text", "list_type": "a list", "tuple_type": "a list", "dict_type": "a mapping",
    "model_type": "a mapping", "model_attributes_type": "a mapping",
}  # fmt: skip
BOUNDS = {"greater_than": (">", "gt"), "greater_than_equal": (">=", "ge"), "less_than": ("<", "lt"),
          "less_than_equal": ("<=", "le")}  # fmt: skip
LENGTHS = {"too_short": ("at least", "min_length"), "too_long": ("at most", "max_length")}
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.?[0-9]*)([eE][-+]?[0-9]+)?")
THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?")
MAX_SHOWN = 60  # characters of what was given
MAX_VALUES = 12  # of a setting


class Problem(NamedTuple):
    """One thing that is wrong: where, what kind of thing pydantic calls it, and what to say."""

    path: Path
    kind: str
    message: str


class _Place(NamedTuple):
    """Where an error is: the path as people write it, the innermost model there, and the models to choose from."""

    path: Path
    model: type[BaseModel] | None
    choices: "_Choices"


class _Choices(NamedTuple):
    """The models that a value may be of: some, or the Settings of the files of a kind, told apart by `name`."""

    models: tuple[type[BaseModel], ...] = ()
    kind: Kind[HasSettings] | None = None

    def names(self) -> list[str]:
        if self.kind:
            return list(self.kind.names())
        fields = (field for m in self.models if (field := m.model_fields.get("name")))
        return [str(name) for field in fields for name in get_args(field.annotation)]

    def named(self, name: str) -> type[BaseModel]:
        """The model of that name. Imports the file of a kind."""
        if self.kind:
            return settings_of(self.kind, name)
        return next(m for m in self.models if name in _Choices((m,)).names())

    def shipped(self) -> tuple[type[BaseModel], ...]:
        """The models that come with this program."""
        return tuple(settings_of(self.kind, name) for name in self.kind.shipped()) if self.kind else self.models


def given(value: object) -> str:
    """What was given, as people would say it and as YAML would write it."""
    if value is None:
        return "nothing"
    words: dict[type, str] = {str: "the text ", list: "a list ", dict: "a mapping "}
    return words.get(type(value), "") + written(value)


def written(value: object) -> str:
    """A value as YAML would write it on one line, shortened."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    text = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."
    return repr(text) if isinstance(value, str) else text


def nothing_has(setting: str, value: JsonValue, known: Sequence[JsonValue], whose: str = "there are") -> str:
    """A setting never has a value: what it has instead, and which of that is nearest."""
    kinds = {_kind(one) for one in known}
    near = nearest(value, known)
    hint = f"; the nearest is {condition(near[0])}" if near and len(known) > 1 else ""
    listed = ", ".join(condition(one) for one in known[:MAX_VALUES])
    more = f", ... ({count_of(len(known), 'value')})" if len(known) > MAX_VALUES else ""
    if _kind(value) not in kinds and len(kinds) == 1:
        return f"{given(value)} is no value of {setting}; {whose} {_kind(known[0])}: {listed}{more}{hint}"
    return f"no trial has {setting} = {condition(value)}; {whose} {listed}{more}{hint}"


def nearest(value: JsonValue, known: Sequence[JsonValue]) -> list[JsonValue]:
    """The known value that was probably meant, if any: the nearest number, a text that is spelt much like it."""
    if is_number(value):
        numbers = [one for one in known if is_number(one)]
        return [min(numbers, key=lambda one: abs(one - value))] if numbers else []
    texts = {condition(one).lower(): one for one in known}
    return [texts[text] for text in get_close_matches(condition(value).lower(), texts, n=1)]


def is_number(value: JsonValue) -> TypeGuard[int | float]:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def kinds(values: Sequence[JsonValue]) -> str:
    """What kinds of values these are, with the first of each: "lists ([4, 4])"."""
    first: dict[str, JsonValue] = {}
    for value in values:
        first.setdefault(_kind(value), value)
    return " and ".join(f"{kind} ({condition(value)})" for kind, value in first.items())


def condition(value: JsonValue) -> str:
    """A value in a condition, as YAML would write it without quotes."""
    return value if isinstance(value, str) else written(value)


def _kind(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true and false"
    if is_number(value):
        return "numbers"
    names: dict[type, str] = {str: "texts", list: "lists", dict: "mappings"}
    return names.get(type(value), "nothing")


def explain(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """All that is wrong, a problem for each place. `model` is what was validated.

    Where one of several kinds of value is allowed, pydantic says of each why it is not that one: these become one
    problem; and where an item of a list is wrong, that the list is no number is no problem.
    """
    details = [
        (_place(e["loc"], model, e["type"] in ("extra_forbidden", "missing")), e)
        for e in error.errors(include_url=False)
    ]
    deeper = {place.path[:n] for place, _ in details for n in range(len(place.path))}
    deeper |= {p.path for p, e in details if e["type"] not in (*KINDS, "literal_error")}  # of the right kind, and wrong
    expected: dict[Path, list[ErrorDetails]] = {}
    out: dict[Path | str, Problem] = {}
    for place, e in details:
        if e["type"] in KINDS or e["type"] == "literal_error":
            if place.path not in deeper:
                expected.setdefault(place.path, []).append(e)
                out[place.path] = _expected(place, expected[place.path])
        else:
            problem = _said(place, e)
            out[f"{problem.path} {problem.message}"] = problem
    return list(out.values())


def _expected(place: _Place, errors: list[ErrorDetails]) -> Problem:
    """One problem for all the kinds of value that would have been right."""
    value = errors[0]["input"]
    kinds = [KINDS.get(e["type"]) or str(e["ctx"]["expected"]) for e in errors]
    words = [word for e in errors if e["type"] == "literal_error" for word in re.findall("'([^']*)'", str(e["ctx"]))]
    near = get_close_matches(value, words, n=1) if isinstance(value, str) else []
    hint = f"; did you mean '{near[0]}'?" if near else _remedy(value, kinds, place)
    return Problem(
        place.path, errors[0]["type"], f"expected {' or '.join(dict.fromkeys(kinds))}, got {given(value)}{hint}"
    )


def _remedy(value: object, kinds: list[str], place: _Place) -> str:
    """What to write instead, where that can be told."""
    numeric = {"an integer", "a number"} & set(kinds)
    if isinstance(value, str) and numeric:
        if NUMBER.fullmatch(value):
            return "; remove the quotes"
        plain = _decimal(value.replace("_", ""))
        fits = NUMBER.fullmatch(plain) and ("a number" in kinds or float(plain).is_integer())
        return f"; write {plain}" if fits else ""
    if isinstance(value, float) and "an integer" in kinds and value.is_integer() and abs(value) < 2**63:
        return f"; write {int(value)}"
    if isinstance(value, str) and "true or false" in kinds and value.lower() in ("yes", "on", "no", "off"):
        return f"; write {'true' if value.lower() in ('yes', 'on') else 'false'}"
    if isinstance(value, bool | int | float) and "a text" in kinds:
        return f"; put it in quotes: '{given(value)}'"
    if isinstance(value, str) and value in place.choices.names():
        return f"; write {{name: {value}}}"
    return ""


def _decimal(text: str) -> str:
    """A number with a decimal point and no separators: 0,01 -> 0.01; 1,000 -> 1000; 1.000,5 -> 1000.5."""
    before, comma, after = text.rpartition(",")
    if comma and "," not in before and not THOUSANDS.fullmatch(text):
        return f"{before.replace('.', '')}.{after}"
    return text.replace(",", "")


def _said(place: _Place, error: ErrorDetails) -> Problem:
    kind, value, context, path = error["type"], error["input"], error.get("ctx", {}), place.path
    if kind == "extra_forbidden":
        return Problem(path, kind, _unknown_key(str(path[-1]), place.model))
    if kind == "missing":
        item = isinstance(path[-1], int)
        missing = f"needs more values, got {given(value)}" if item else f"missing required key '{path[-1]}'"
        return Problem(path[:-1], kind, missing)
    if kind == UNKNOWN_NAME:
        return Problem((*path, "name"), kind, error["msg"])
    if kind == MISSING_NAME:
        return Problem(path, kind, error["msg"])
    if kind in BOUNDS:
        sign, bound = BOUNDS[kind]
        return Problem(path, kind, f"must be {sign} {context[bound]:.15g}, got {given(value)}")
    if kind in LENGTHS:
        word, bound = LENGTHS[kind]
        return Problem(path, kind, f"needs {word} {count_of(context[bound], 'value')}, got {given(value)}")
    if kind == "string_pattern_mismatch":
        return Problem(path, kind, f"must match {context['pattern']}, got {given(value)}")
    if kind == "value_error":
        return Problem(path, kind, str(context["error"]))
    said = error["msg"].removeprefix("Input ")
    return Problem(path, kind, f"{said[:1].lower()}{said[1:]}, got {given(value)}")


def _unknown_key(key: str, model: type[BaseModel] | None) -> str:
    """With the nearest known key, or where the same key exists one level down."""
    fields = dict(model.model_fields) if model else {}
    said = unknown("key", key, [f for f in fields if f != "name"])
    inner = [f"{f}.{key}" for f, info in fields.items() if any(key in m.model_fields for m in _choices(info).shipped())]
    return f"{said}; did you mean '{inner[0]}'?" if inner and "did you mean" not in said else said


def _place(loc: tuple[int | str, ...], model: type[BaseModel], ends_in_key: bool) -> _Place:
    """Without pydantic's own entries, which say what member of a union was tried."""
    path: list[str | int] = []
    inner: type[BaseModel] | None = model
    choices = _Choices()
    for entry in loc[:-1] if ends_in_key else loc:
        if isinstance(entry, str) and entry in choices.names() and not (inner and entry in inner.model_fields):
            inner, choices = choices.named(entry), _Choices()
            continue
        if isinstance(entry, str) and ("[" in entry or entry in ("int", "constrained-int", "float", "str", "bool")):
            continue
        path.append(entry)
        if isinstance(entry, str) and inner:
            field = inner.model_fields.get(entry)
            choices = _choices(field) if field else choices
            inner = choices.models[0] if field and len(choices.models) == 1 else inner
    return _Place((*path, *(loc[-1:] if ends_in_key else ())), inner, choices)


def _choices(field: FieldInfo) -> _Choices:
    """What a field may hold, whatever unions and lists it is in."""
    kind = kind_of(field.metadata) or _kind_inside(field.annotation)
    return _Choices((), kind) if kind else _Choices(tuple(_models(field.annotation)))


def _kind_inside(annotation: Any) -> Kind[HasSettings] | None:
    """The kind of the items of a list, or of what a union allows."""
    inside = (kind_of(getattr(annotation, "__metadata__", ())), *map(_kind_inside, get_args(annotation)))
    return next((kind for kind in inside if kind), None)


def _models(annotation: Any) -> list[type[BaseModel]]:
    """All models inside an annotation, whatever unions and lists they are in."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in get_args(annotation) for m in _models(part)]
