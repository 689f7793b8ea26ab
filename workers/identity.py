"""What of a trial's settings is in its id: those that determine the training and differ from their default."""

import functools
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined, to_jsonable_python

from tracking.common.named_files.plugins import Frozen

NAME = "name"  # of a file, which says whose defaults the other keys have: always in the id
REQUIRED = object()  # in place of the default of a setting that has none


def determining(settings: Frozen, plain: dict[str, Any]) -> dict[str, Any]:
    """The JSON values of settings without those that equal their default and those that are only observed.

    plain: the JSON values of all settings, defaults resolved. A part of the settings (`net`, `until`) is left out where
    it equals the default of its key, and is reduced in the same way where it does not.
    """
    left_out, known = settings.not_identifying(), defaults(type(settings))
    return {
        key: _reduced(getattr(settings, key), value)
        for key, value in plain.items()
        if key not in left_out and (key == NAME or not equal(value, known[key]))
    }


def _reduced(value: object, plain: Any) -> Any:
    if isinstance(value, Frozen):
        return determining(value, plain)
    if isinstance(value, (list, tuple)):
        return [_reduced(*pair) for pair in zip(value, plain, strict=True)]
    return plain


@functools.cache
def defaults(model: type[BaseModel]) -> dict[str, object]:
    """The default of each key as a JSON value, or REQUIRED. The result is shared: not to be changed."""
    found = {key: field.get_default(call_default_factory=True) for key, field in model.model_fields.items()}
    return {key: REQUIRED if v is PydanticUndefined else to_jsonable_python(v) for key, v in found.items()}


def equal(value: object, default: object) -> bool:
    """Whether two JSON values are the same; true is not 1."""
    return value == default and isinstance(value, bool) == isinstance(default, bool)
