"""The values of settings as they are written in grids, before defaults are filled in."""

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from orchestrator.spec.dotted_keys import leaves
from orchestrator.spec.grids.axes import spelling
from orchestrator.spec.grids.conditions import axis_of, inside, value_of
from orchestrator.spec.grids.grid import Grid
from orchestrator.spec.yaml_source import Path
from tracking.common.flatten import flat


class WrittenValues:
    """The values that settings have as they are written in some grids, by their spelling."""

    def __init__(self, grids: Sequence[Grid]) -> None:
        self.grids = grids
        self.settings = {key for grid in grids for key in flat(grid.fixed)}
        for grid in grids:
            self.settings |= {key for name, axis in grid.axes.items() for key in (name, *leaves(name, axis.values))}
        self._known: dict[str, dict[str, JsonValue]] = {}

    def of(self, key: str) -> dict[str, JsonValue]:
        """All values of a setting; None where some trials leave it out."""
        if key not in self._known:
            self._known[key] = {spelling(value): value for grid in self.grids for value in _values(key, grid)}
        return self._known[key]

    def missing(self, key: str, wanted: JsonValue) -> Iterator[tuple[Path, JsonValue]]:
        """The values of a condition that the setting never has."""
        known = self.of(key)
        if spelling(wanted) in known:
            return
        listed = enumerate(wanted) if isinstance(wanted, list) else [((), wanted)]
        for at, value in listed:
            if spelling(value) not in known:
                yield (at,) if isinstance(at, int) else (), value


def _values(key: str, grid: Grid) -> Iterator[JsonValue]:
    axis = axis_of(key, grid)
    if axis is None:
        yield inside(grid.fixed, key)
        return
    for value in grid.axes[axis].values:
        yield value_of(key, axis, value)
    if axis in grid.when:
        yield None
