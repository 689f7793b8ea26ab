"""The settings of a sweep's trials as columns: which trials have a value, which values there are.

One line per cell (the trials that differ only in their seed), so that a question to 100,000 trials is one to a few
thousand lines.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from orchestrator.spec.dotted_keys import Settings
from orchestrator.spec.grids.axes import spelling
from tracking.common.flatten import flat
from workers.trial import Trial

Mask = NDArray[np.bool_]  # one per cell
Codes = NDArray[np.int64]


class Column:
    """The values of one setting: the different ones, and for each cell which of them it has."""

    def __init__(self, cells: Sequence[Mapping[str, JsonValue]], key: str) -> None:
        codes: dict[str, int] = {}
        self.values: list[JsonValue] = []
        self.codes: Codes = np.empty(len(cells), np.int64)
        for i, plain in enumerate(cells):
            value = _inside(plain, key)
            code = codes.setdefault(spelling(value), len(codes))
            self.codes[i] = code
            if code == len(self.values):
                self.values.append(value)
        self._codes = codes

    def code(self, value: JsonValue) -> int:
        """The number of a value; -1 where there is none like it. 1 is 1.0, but it is neither true nor "1"."""
        return self._codes.get(spelling(value), -1)


class Columns:
    """The columns of all settings, each read when it is asked for. `settings`: their dotted keys, with the seed."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        by_cell: dict[str, list[Trial]] = {}
        for trial in trials:
            by_cell.setdefault(trial.cell, []).append(trial)
        self._trials = [cell[0] for cell in by_cell.values()]
        self._cells = [trial.plain for trial in self._trials]
        self._seeds = [{trial.seed for trial in cell} for cell in by_cell.values()]
        self._columns: dict[str, Column] = {}
        self.settings = _keys(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def __getitem__(self, key: str) -> Column:
        if key not in self._columns:
            self._columns[key] = Column(self._cells, key)
        return self._columns[key]

    def settings_of(self, cells: Mask) -> list[Settings]:
        """The settings of one trial of each of the cells, with dotted keys."""
        return [flat(self._cells[i]) for i in np.flatnonzero(cells)]

    def one_of_each(self, cells: Mask, keys: Sequence[str] | None = None) -> list[Trial]:
        """A trial of each of the cells; of those with the same values of all settings below the keys, one."""
        if keys is None:
            return [self._trials[i] for i in np.flatnonzero(cells)]
        found: dict[str, Trial] = {}
        for i in np.flatnonzero(cells):
            found.setdefault(json.dumps([self._cells[i].get(key) for key in keys], sort_keys=True), self._trials[i])
        return list(found.values())

    def among(self, key: str, cells: Mask) -> list[JsonValue]:
        """The different values that some of the cells have, in the order of the trials."""
        if key == "seed":
            return [*sorted(set[int]().union(*(self._seeds[i] for i in np.flatnonzero(cells))))]
        found, first = np.unique(self[key].codes[cells], return_index=True)
        return [self[key].values[code] for code in found[np.argsort(first)]]

    def mixed(self, keys: Sequence[str], cells: Mask) -> list[str]:
        """The settings in which two of the cells differ that have the same values of all keys; none where no two do."""
        places = np.flatnonzero(cells)
        codes = np.stack([np.zeros(len(self), np.int64), *(self[key].codes for key in keys)], axis=1)[places]
        _, which, counts = np.unique(codes, axis=0, return_inverse=True, return_counts=True)
        if not (counts > 1).any():
            return []
        same = places[which.reshape(-1) == int(np.argmax(counts > 1))]
        first, other = (flat(self._cells[i]) for i in same[:2])
        both = dict.fromkeys([*first, *other])
        return [key for key in both if key != "seed" and first.get(key, self) != other.get(key, self)]

    def combinations(self, keys: Sequence[str], cells: Mask) -> int:
        """How many different combinations of values of these settings some of the trials have."""
        seeds = len(self.among("seed", cells)) if "seed" in keys else 1
        known = [self[key].codes[cells] for key in keys if key != "seed" and key in self.settings]
        return seeds * (len(np.unique(np.stack(known, axis=1), axis=0)) if known else 1)

    def with_value(self, key: str, values: Sequence[JsonValue]) -> Mask:
        """The cells that have one of these values, or a trial with one of these seeds."""
        if key == "seed":
            wanted = {int(value) for value in values if _whole(value)}
            return np.array([not wanted.isdisjoint(seeds) for seeds in self._seeds], bool)
        return np.isin(self[key].codes, [self[key].code(value) for value in values])


def _keys(cells: Sequence[Mapping[str, JsonValue]]) -> list[str]:
    """All dotted keys. Trials share the parts that are equal, so that each part is looked at once."""
    seen, keys = set[int](), dict[str, None]()
    for plain in cells:
        for name, value in plain.items():
            if not isinstance(value, dict):
                keys[name] = None
            elif id(value) not in seen:
                seen.add(id(value))
                keys |= dict.fromkeys(flat(value, f"{name}."))
    return sorted(keys)


def _inside(plain: Mapping[str, JsonValue], key: str) -> JsonValue:
    """The value at a dotted key; None where a trial has no such setting, or has a mapping there."""
    outer, *inner = key.split(".")
    value = plain.get(outer)
    for part in inner:
        value = value.get(part) if isinstance(value, dict) else None
    return None if isinstance(value, dict) else value


def _whole(value: JsonValue) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
