"""JSON that every parser reads: a number that is not finite, which JSON does not have, is null."""

import json
import math
from collections.abc import Mapping


def strict_json(value: object, indent: int | None = None) -> str:
    """The value as JSON: mappings, lists, tuples and plain values; all else as its text."""
    return json.dumps(_finite(value), indent=indent, default=str, allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, list | tuple) else value
