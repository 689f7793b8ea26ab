"""Settings as plain values: nested, as they are written, or flat, with dotted keys, as tables want them."""

from collections.abc import Mapping
from typing import Any


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level of dotted keys: {"net": {"width": 8}} -> {"net.width": 8}. Lists stay whole."""
    out: dict[str, Any] = {}
    for key, value in settings.items():
        out |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return out
