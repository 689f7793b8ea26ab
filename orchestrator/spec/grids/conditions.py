"""Which of many conditions a combination of axis values fulfils: one bit a condition, all of them at once.

A list of thousands of exclusions is looked up, not searched, for each of a hundred thousand combinations. For every
value of an axis there is an integer whose bit i is 0 where condition i cannot hold with that value; the conditions that
hold for a combination are the bits that are 1 in all of its integers.
"""

import functools
import operator
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from orchestrator.spec.dotted_keys import Settings, nested
from orchestrator.spec.grids.axes import spelling
from orchestrator.spec.grids.grid import Grid

Bits = int


class Conditions:
    """Conditions on the settings of a grid, as they are written: defaults that nobody wrote fulfil none.

    possible: those of which each setting has one of its values somewhere in the grid.
    """

    def __init__(self, conditions: Sequence[Settings], grid: Grid) -> None:
        self.always = self.possible = (1 << len(conditions)) - 1
        self.present: dict[str, list[Bits]] = {}  # by axis and place of its value
        self.absent: dict[str, Bits] = {}
        for key, accepts in _accepts(conditions).items():
            axis = axis_of(key, grid)
            if axis is None:
                self.always &= accepts.bits(inside(grid.fixed, key))
                self.possible &= self.always
            else:
                self._depends(key, axis, accepts, grid)

    def _depends(self, key: str, axis: str, accepts: "_Accepts", grid: Grid) -> None:
        """Takes into account that the axis sets the key."""
        found = [accepts.bits(value_of(key, axis, value)) for value in grid.axes[axis].values]
        without = accepts.bits(None)
        there = self.present.setdefault(axis, [-1] * len(found))
        self.present[axis] = [one & other for one, other in zip(there, found, strict=True)]
        self.absent[axis] = self.absent.get(axis, -1) & without
        somewhere = functools.reduce(operator.or_, found, without if axis in grid.when else 0)
        self.possible &= somewhere

    def hold(self, places: Mapping[str, int]) -> Bits:
        """The conditions that hold where each of these axes has the value at its place, and other axes do not exist."""
        bits = self.always
        for axis, values in self.present.items():
            place = places.get(axis)
            bits &= self.absent[axis] if place is None else values[place]
        return bits


class _Accepts:
    """The conditions that accept a value of one setting; those that do not mention it accept every value."""

    def __init__(self, conditions: int) -> None:
        self.others = (1 << conditions) - 1
        self.by_value: dict[str, Bits] = {}

    def add(self, condition: int, values: list[JsonValue]) -> None:
        self.others &= ~(1 << condition)
        for text in map(spelling, values):
            self.by_value[text] = self.by_value.get(text, 0) | 1 << condition

    def bits(self, value: JsonValue) -> Bits:
        return self.others | self.by_value.get(spelling(value), 0)


def _accepts(conditions: Sequence[Settings]) -> dict[str, _Accepts]:
    out: dict[str, _Accepts] = {}
    for i, condition in enumerate(conditions):
        for key, wanted in condition.items():
            out.setdefault(key, _Accepts(len(conditions))).add(i, any_of(wanted))
    return out


def any_of(wanted: JsonValue) -> list[JsonValue]:
    """The values that fulfil a condition: a list means any of its values, or itself."""
    return [*wanted, wanted] if isinstance(wanted, list) else [wanted]


def axis_of(key: str, grid: Grid) -> str | None:
    """The axis that sets a key, with a value of its own or inside a mapping; None where it is fixed or a default."""
    parts = key.split(".")
    return next((outer for n in range(len(parts), 0, -1) if (outer := ".".join(parts[:n])) in grid.axes), None)


def value_of(key: str, axis: str, value: JsonValue) -> JsonValue:
    """The value that a key has where its axis has this value; None where the axis leaves it out."""
    if key == axis:
        return value
    return inside(nested(value), key[len(axis) + 1 :]) if isinstance(value, dict) else None


def inside(settings: Settings, key: str) -> JsonValue:
    """The value at a dotted key of nested settings; None where there is none."""
    value: JsonValue = settings
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
