"""The combinations of a grid's axes: their product, less what `when` takes away and `exclude` leaves out. Pure."""

import itertools
from collections.abc import Iterator

from orchestrator.spec.grids.conditions import Conditions
from orchestrator.spec.grids.grid import Condition, Grid

Places = dict[str, int]  # axis -> which of its values; an axis that does not exist is absent


class Product:
    """Iterates over the combinations; afterwards, `unused` says which conditions made no difference."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.when = Conditions([condition.settings for condition in grid.when.values()], grid)
        self.exclude = Conditions([condition.settings for condition in grid.exclude], grid)
        self.bit = {axis: 1 << i for i, axis in enumerate(grid.when)}
        self.existed = self.excluded = 0  # axes of `when` that existed, and exclusions that held, in some combination

    def __iter__(self) -> Iterator[Places]:
        """Each combination once, in the order of the axes."""
        for places in self._existing_once() if self.grid.when else self._all():
            excluded = self.exclude.hold(places) if self.grid.exclude else 0
            self.excluded |= excluded
            if not excluded:
                yield places

    def _all(self) -> Iterator[Places]:
        groups = self.grid.groups()
        sizes = [range(len(self.grid.axes[group[0]].values)) for group in groups]
        for at in itertools.product(*sizes):
            yield {axis: place for group, place in zip(groups, at, strict=True) for axis in group}

    def _existing_once(self) -> Iterator[Places]:
        """Without the axes that do not exist; what differs only in the values of such axes comes once."""
        seen = set[tuple[tuple[str, int], ...]]()
        for every in self._all():
            places = self._existing(every)
            key = tuple(places.items())
            if len(places) == len(every) or key not in seen:
                yield places
            if len(places) < len(every):
                seen.add(key)

    def _existing(self, places: Places) -> Places:
        """Without the axes whose condition does not hold, and then without those whose condition needs them."""
        held = self.when.hold(places)
        kept = {axis: place for axis, place in places.items() if axis not in self.bit or self.bit[axis] & held}
        if len(kept) < len(places):
            return self._existing(kept)
        for axis in self.bit.keys() & places.keys():
            self.existed |= self.bit[axis]
        return places

    def unused(self) -> list[Condition]:
        """The conditions that held for no combination although each of their values exists."""
        when = _bits(self.when.possible & ~self.existed, list(self.grid.when.values()))
        return [*when, *_bits(self.exclude.possible & ~self.excluded, self.grid.exclude)]


def _bits(bits: int, conditions: list[Condition]) -> list[Condition]:
    return [condition for i, condition in enumerate(conditions) if bits >> i & 1]
