"""The values of a quantity in every trial: those of a measure as they are recorded, or derived from several.

T values. A value that a trial never reaches (the first step at which a condition holds, where it never does) stands at
the step NEVER and is NaN, so that it can be counted apart from values that are measured and not finite.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tracking.analysis.specs.quantity import Condition, Quantity, measures_of

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame, Line

NEVER = -1  # no recorded step

Lines = Mapping[tuple[str, str], "Line"]  # by split and layer
Floats = NDArray[np.float64]

_COMBINE: dict[str, Callable[[Floats, Floats], Floats]] = {"/": np.divide, "x": np.multiply, "-": np.subtract}


def lines(frame: "Frame", quantity: Quantity) -> Iterator[Lines]:
    """One quantity of the trials of a frame, part after part, by split and layer; each ordered by place and step.

    What says itself on which data it is measured has the split "".
    """
    names = measures_of(quantity)
    for recorded in zip(*(frame.lines(name) for name in names), strict=True):
        yield _of(quantity, dict(zip(names, recorded, strict=True)))


def last(line: "Line") -> "Line":
    """The last value of each trial."""
    return line.where(np.append(line.place[1:] != line.place[:-1], True)[: len(line.place)])


def first(line: "Line") -> "Line":
    """The first value of each trial."""
    return line.where(np.append(True, line.place[1:] != line.place[:-1])[: len(line.place)])


def _of(quantity: Quantity, recorded: Mapping[str, Lines]) -> Lines:
    if isinstance(quantity, str):
        return recorded[quantity]
    if quantity.measure is not None:
        return _on(recorded[quantity.measure], quantity.split, quantity.layer)
    if quantity.gap is not None:
        test, train = (_on(recorded[quantity.gap], split) for split in ("test", "train"))
        return _pairwise("-", test, train)
    if quantity.first_step is not None:
        when = quantity.first_step
        on = _on(recorded[when.measure], when.split, when.layer)
        return {which: _first_at(line, when) for which, line in on.items()}
    sign, one, other = quantity.operands()
    return _pairwise(sign, _of(one, recorded), _of(other, recorded))


def _on(recorded: Lines, split: str, layer: str = "") -> Lines:
    """What is recorded on a split, all layers or one, as what belongs to no split."""
    kept = {of: line for (on, of), line in recorded.items() if on == split and layer in ("", of)}
    return {("", "" if layer else of): line for of, line in kept.items()}


def _pairwise(sign: str, one: Lines, other: Lines) -> Lines:
    """Each of the one with each of the other on the same split and layer; what belongs to none goes with any."""
    found = {}
    for (split, layer), a in one.items():
        for (on, of), b in other.items():
            if (split == on or "" in (split, on)) and (layer == of or "" in (layer, of)):
                found[split or on, layer or of] = _combined(_COMBINE[sign], a, b)
    return found


def _combined(combine: Callable[[Floats, Floats], Floats], one: "Line", other: "Line") -> "Line":
    """At every step that both have; at NEVER for a trial that never reaches one of them."""
    from tracking.analysis.frame import Line

    width = 2 + max(int(line.step.max(initial=0)) for line in (one, other))
    a, b = (line.place * width + line.step + 1 for line in (one, other))
    _, mine, its = np.intersect1d(a, b, assume_unique=True, return_indices=True)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        whole = Line(one.place[mine], one.step[mine], combine(one.value[mine], other.value[its]))
    never = np.union1d(*(line.place[line.step == NEVER] for line in (one, other)))
    never = np.intersect1d(np.intersect1d(never, one.place), other.place)
    whole = whole.where(~np.isin(whole.place, never))
    steps, values = np.full(len(never), NEVER, np.int64), np.full(len(never), np.nan)
    parts = zip(whole, (never, steps, values), strict=True)
    return Line(*(np.concatenate(part) for part in parts)).ordered()


def _first_at(line: "Line", when: Condition) -> "Line":
    """The first step at which the condition holds in each trial, as the value at its last step."""
    from tracking.analysis.frame import Line

    bound = when.at_most if when.at_most is not None else when.at_least
    assert bound is not None
    holds = line.where(line.value <= bound if when.at_most is not None else line.value >= bound)
    reached, ends = first(holds), last(line)
    found = np.isin(ends.place, reached.place)
    values, steps = np.full(len(ends.place), np.nan), np.where(found, ends.step, NEVER)
    values[found] = reached.step
    return Line(ends.place, steps.astype(np.int64), values)
