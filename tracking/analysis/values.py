"""Values of settings: which are the same, which are numbers, and what they are called in legends and on axes.

A value is a number, null (None), a boolean, a text, a list (here a tuple) or a mapping (here a `Nested`); NaN stands
for a setting that a trial does not have. Only numbers have an order.
"""

import math
import numbers
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

CLASSES = "classes_of_data"  # the column with the number of classes of a trial's data


@dataclass(frozen=True)
class Nested:
    """A mapping as one value: its keys, dotted and sorted, and their values."""

    items: tuple[tuple[str, object], ...]


def frozen(value: object) -> object:
    """The value with lists as tuples and mappings as `Nested`."""
    if isinstance(value, list | tuple):
        return tuple(frozen(part) for part in value)
    if isinstance(value, dict):
        return Nested(tuple(sorted((str(key), frozen(part)) for key, part in value.items())))
    return value


def absent(value: object) -> bool:
    """Whether the trial does not have the setting."""
    return isinstance(value, float) and math.isnan(value)


def is_number(value: object) -> bool:
    """Whether the value has a place on an axis of numbers: true and false have none."""
    return isinstance(value, numbers.Real) and not is_boolean(value) and not absent(value)


def is_boolean(value: object) -> bool:
    """True or false, numpy's included."""
    return isinstance(value, bool | np.bool_)


def identity(value: object) -> Hashable:
    """Equal for the same values, and for those only: 2 is 2.0, but true is not 1 and "2" is not 2."""
    if is_boolean(value):
        return bool, bool(value)
    if isinstance(value, numbers.Real):
        return "absent" if absent(value) else float(value), numbers.Real
    if isinstance(value, tuple):
        return tuple, *(identity(part) for part in value)
    if isinstance(value, Nested):
        return Nested, *((key, identity(part)) for key, part in value.items)
    return str(value), type(value)


def codes(column: "pd.Series[Any]") -> tuple[NDArray[np.int64], list[object]]:
    """The number [T] of each trial's value among the different values of a setting, and those, as they first occur."""
    import pandas as pd

    if column.dtype != object:  # of one kind, where pandas tells values apart, and faster
        numbered, different = pd.factorize(column, use_na_sentinel=False)
        return numbered.astype(np.int64), list(different)
    whole = column.to_numpy()
    ids = np.fromiter(
        map(id, whole), np.int64, len(whole)
    )  # the trials of a cell have their values as the same objects
    _, first, which = np.unique(ids, return_index=True, return_inverse=True)
    seen: dict[Hashable, int] = {}
    values: list[object] = []
    found = np.empty(len(first), np.int64)
    for place in np.argsort(first):
        value = whole[first[place]]
        found[place] = seen.setdefault(identity(value), len(values))
        if found[place] == len(values):
            values.append(value)
    return found[which], values


def matching(column: "pd.Series[Any]", wanted: object) -> NDArray[np.bool_]:
    """Which trials [T] have the value, or one of a list of values. Null also means: has no such setting."""
    asked = {identity(frozen(one)) for one in (*wanted, wanted)} if isinstance(wanted, list) else {identity(wanted)}
    if identity(None) in asked:
        asked.add(identity(math.nan))
    found, values = codes(column)
    return np.isin(found, [i for i, value in enumerate(values) if identity(value) in asked])


def of_one_kind(column: "Iterable[object]") -> list[object]:
    """A column that any table format takes: numbers, booleans or texts as they are; of mixtures, lists and mappings the
    text."""
    values = list(column)
    for same in (is_number, is_boolean, lambda v: isinstance(v, str)):
        if all(same(v) for v in values):
            return values
    return [text(v) for v in values]


def text(value: object) -> str:
    """A value as short as it can be written: 8.0 -> '8', (8, 16) -> '8-16', True -> 'yes', None -> 'none'."""
    if isinstance(value, tuple):
        return "-".join(text(part) for part in value)
    if isinstance(value, Nested):
        return ", ".join(f"{_spaced(key)} {text(part)}" for key, part in value.items)
    if value is None or absent(value):
        return "none"
    if is_boolean(value):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def words(setting: str, value: object, alone: bool = True) -> str:
    """A setting's value for a legend: `net.width`, 8 -> 'width 8'; `net.batch_norm`, False -> 'no batch norm'.

    `alone`: the legend names no other setting, so that a text needs no more than itself ('square', not 'loss square').
    """
    name = _spaced(setting.split(".")[-1])
    if setting in ("split", "layer"):
        return str(value)
    if setting == "at":
        return at_words(str(value), "step")
    if is_boolean(value):
        return name if value else f"no {name}"
    if isinstance(value, Nested):
        return f"{name} ({text(value)})"
    if isinstance(value, str):
        if name == "name" and value == "none":
            return f"no {setting.split('.')[-2]}"
        return _spaced(value) if alone or name == "name" else f"{name} {_spaced(value)}"
    return f"{name} {text(value)}"


def at_words(at: str, step: str) -> str:
    """The `at` of a series in words; `step` is what a step is called: 'last epoch', 'epoch 10', 'training risk 0.1'."""
    if at.startswith("risk "):
        return f"training {at}"
    return f"{step} {at}" if at.isdigit() else f"{at} {step}"


def _spaced(name: str) -> str:
    return name.replace("_", " ")
