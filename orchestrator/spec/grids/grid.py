"""A grid: a product of axes, of which some may move together, exist on a condition, or be left out in combination."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import JsonValue

from orchestrator.spec.dotted_keys import Settings
from orchestrator.spec.yaml_source import Path


class Axis(NamedTuple):
    """The values of one setting. path: where the file gives them. written: the axis as it stands there."""

    values: list[JsonValue]
    path: Path
    written: JsonValue


class Together(NamedTuple):
    """Axes that move together, and where the file says so."""

    path: Path
    axes: list[str]


class Condition(NamedTuple):
    """Settings and the values that they must have (a list: any of its values), and where the file says so."""

    path: Path
    settings: Settings


@dataclass(frozen=True)
class Grid:
    """A product of axes.

    path: ("grids", 1), or () where the file has no `grids`. fixed: nested. when: by axis.
    """

    path: Path
    fixed: Settings
    axes: dict[str, Axis]
    zip: list[Together]
    when: dict[str, Condition]
    exclude: list[Condition]

    def groups(self) -> list[list[str]]:
        """The axes in the file's order, those that move together in one list."""
        together = {axis: group.axes for group in self.zip for axis in group.axes}
        return [list(group) for group in dict.fromkeys(tuple(together.get(axis, [axis])) for axis in self.axes)]

    def content(self) -> list[Any]:
        """What decides the trials, for a digest."""
        axes = {name: axis.values for name, axis in self.axes.items()}
        when = {axis: condition.settings for axis, condition in self.when.items()}
        together = [group.axes for group in self.zip]
        return [self.fixed, axes, together, when, [condition.settings for condition in self.exclude]]
