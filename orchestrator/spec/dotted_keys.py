"""Dotted keys: `net.width` names the key `width` of the mapping `net`."""

import copy
from collections.abc import Iterable, Iterator

from pydantic import JsonValue

from tracking.common.flatten import flat

Settings = dict[str, JsonValue]


def nested(settings: Settings) -> Settings:
    """Dotted keys as nested ones: {"net.width": 8} -> {"net": {"width": 8}}."""
    out: Settings = {}
    for key, value in settings.items():
        put(out, key, nested(value) if isinstance(value, dict) else value)
    return out


def put(settings: Settings, key: str, value: JsonValue) -> None:
    """Sets a dotted key in nested settings; a mapping is merged into the one that is there."""
    *outer, last = key.split(".")
    for part in outer:
        inner = settings.setdefault(part, {})
        if not isinstance(inner, dict):  # a value stands where the key wants a mapping; validation says so
            inner = settings[part] = {}
        settings = inner
    there = settings.get(last)
    if isinstance(value, dict) and isinstance(there, dict):
        for inner_key, inner_value in value.items():
            put(there, inner_key, inner_value)
    else:
        settings[last] = copy.deepcopy(value)


def drop(settings: Settings, key: str) -> None:
    """Removes a dotted key that is there from nested settings, and the mappings that this leaves empty."""
    outer, dot, rest = key.partition(".")
    inner = settings[outer]
    if dot and isinstance(inner, dict):
        drop(inner, rest)
    if not dot or not inner:
        del settings[outer]


def outermost(settings: Settings, key: str) -> str:
    """The outermost part of a dotted key that setting it would make or replace: `until` of a new `until.at_most`."""
    outer, dot, rest = key.partition(".")
    inner = settings.get(outer)
    return f"{outer}.{outermost(inner, rest)}" if dot and isinstance(inner, dict) else outer


def leaves(axis: str, values: Iterable[JsonValue]) -> list[str]:
    """The dotted settings that an axis sets: itself, or what is in its mappings. Nothing (null) sets nothing."""
    mappings, single = [], []
    for value in values:
        if isinstance(value, dict):
            mappings.append(flat(value, f"{axis}."))
        elif value is not None:
            single = [axis]
    return [*(single if mappings else [axis]), *dict.fromkeys(key for one in mappings for key in one)]


class Overlaps:
    """Finds the dotted keys of a collection that are the same as another one, above it, or below it."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = dict.fromkeys(keys)
        self.below: dict[str, list[str]] = {}
        for key in self.keys:
            for above in _above(key):
                self.below.setdefault(above, []).append(key)

    def of(self, key: str) -> list[str]:
        """Those that setting `key` would set, too, or that would set it."""
        same = [key] if key in self.keys else []
        return [*(above for above in _above(key) if above in self.keys), *same, *self.below.get(key, ())]


def _above(key: str) -> Iterator[str]:
    """The mappings that a dotted key is in, outermost first: `a` and `a.b` for `a.b.c`."""
    for place, letter in enumerate(key):
        if letter == ".":
            yield key[:place]
