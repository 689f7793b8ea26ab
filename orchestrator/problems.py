"""Says in plain words what pydantic found wrong: what was given, what is expected, the nearest known name."""

from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from tracking.named import unknown

KINDS = {
    "int_type": "an integer", "int_from_float": "an integer", "float_type": "a number", "bool_type": "true or false",
    "string_type": "a text", "list_type": "a list", "tuple_type": "a list", "dict_type": "a mapping",
    "model_type": "a mapping", "model_attributes_type": "a mapping", "mapping_type": "a mapping",
}  # fmt: skip
NAMES = {str: "string", bool: "truth value", int: "integer", float: "number", list: "list", dict: "mapping"}


def given(value: Any) -> str:
    """What was given, as people would say it."""
    if value is None:
        return "nothing"
    if isinstance(value, list | dict):
        return f"a {NAMES[type(value)]} ({str(value)[:60]})"
    return f"{NAMES.get(type(value), type(value).__name__)} {value!r}" if isinstance(value, str | bool) else repr(value)


def explain(error: ErrorDetails, model: type[BaseModel]) -> tuple[tuple[str | int, ...], str]:
    """The path in the file and the message of one error. `model` is what was validated."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    path, inner = _path(error["loc"], model)
    if kind == "extra_forbidden":
        fields = [f for f in inner.model_fields if f != "name"] if inner else []
        return path, unknown("key", str(path[-1]), fields)
    if kind == "missing":
        return path[:-1], f"missing required key '{path[-1]}'"
    if kind == "union_tag_invalid":
        known = [tag.strip("' ") for tag in str(context["expected_tags"]).split(",")]
        return (*path, "name"), unknown(str(path[-1]) if path else "name", str(context["tag"]), known)
    if kind == "union_tag_not_found":
        return path, f"needs a 'name', got {given(value)}"
    if kind == "literal_error":
        return path, f"must be {context['expected']}, got {given(value)}"
    if kind in KINDS:
        return path, f"expected {KINDS[kind]}, got {given(value)}{_remedy(kind, value)}"
    if kind == "value_error":
        return path, str(context["error"])
    return path, f"{error['msg'].removeprefix('Input should ').replace('be greater than or equal to', 'must be >=')}" \
        .replace("be greater than", "must be >").replace("be less than or equal to", "must be <=") \
        .replace("be less than", "must be <") + f", got {given(value)}"  # fmt: skip


def _remedy(kind: str, value: Any) -> str:
    if not isinstance(value, str) or kind not in ("int_type", "float_type"):
        return ""
    try:
        float(value)
    except ValueError:
        return ""
    return "; remove the quotes"


def _path(loc: tuple[int | str, ...], model: type[BaseModel]) -> tuple[tuple[str | int, ...], type[BaseModel] | None]:
    """The path without pydantic's own entries (which member of a union), and the innermost model on the way."""
    path: list[str | int] = []
    inner: type[BaseModel] | None = model
    choices: list[Any] = []
    for entry in loc:
        tagged = [m for m in choices if _named(m, entry)]
        if tagged and entry not in (inner.model_fields if inner else ()):
            inner, choices = tagged[0], []
            continue
        if isinstance(entry, str) and ("[" in entry or entry in ("int", "float", "str", "bool")):
            continue
        path.append(entry)
        if inner and isinstance(entry, str) and entry in inner.model_fields:
            choices = _models(inner.model_fields[entry].annotation)
            inner = choices[0] if len(choices) == 1 else inner
    return tuple(path), inner


def _models(annotation: Any) -> list[Any]:
    """All models inside an annotation, whatever unions and lists they are in."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in get_args(annotation) for m in _models(part)]


def _named(model: Any, tag: Any) -> bool:
    field = model.model_fields.get("name")
    return field is not None and tag in get_args(field.annotation)
