"""Compares one curve of several sweeps: line by line, at the x that both have, with an interval of each difference.

The first sweep is what the others are compared with: a difference is the mean of the other minus the mean of the first.

    paired   where at least two seeds have a value on both sides: Student's t on their differences, seed by seed
    Welch    else, where both sides have at least two values: of independent seeds

A trial that is one and the same record on both sides is left out: it would be compared with itself. "higher" and
"lower" are said where the 95 % interval excludes 0 and the seeds differ at all. Anything else is "undecided": an
interval that contains 0 does not show that two means are equal.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.analysis.grouping import select
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.quantity import bounds
from tracking.analysis.statistics import intervals
from tracking.analysis.statistics.intervals import Bounds, Interval
from tracking.analysis.values import text
from tracking.common.text import count_of, number

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame

How = Literal["paired", "Welch", "none"]
Found = Literal["higher", "lower", "undecided", "same trials"]
SWEEP = "sweep"  # the column that tells the sweeps of a table apart
ABSENT = "none"  # the value of a setting that a trial does not have, as `tracking.analysis.values.text` writes it
DIGITS = 12  # of x: two values are the same x where they agree to so many digits
COLUMNS = (
    "curve", "first", "other", "line", "split", "layer", "at", "x", "x_text", "first_mean", "other_mean", "difference",
    "low", "high", "n", "n_first", "n_other", "how", "same", "left_out_first", "left_out_other", "found",
)  # fmt: skip


class Side(NamedTuple):
    """The curve of one sweep: its label, what `aggregate` and `values` made of the curve, the store of its records,
    in which a trial's id names one record, and the bounds of measures, as in `Frame`."""

    label: str
    points: "pd.DataFrame"
    values: "pd.DataFrame"
    store: str
    bounds: Mapping[str, Bounds]


@dataclass(frozen=True)
class Compared:
    """What came of comparing one curve.

    table: one line per x that both have, with the columns `COLUMNS`: the means, the difference (other minus first) and
    its interval, n (pairs, or the smaller number of values), n_first and n_other (values that could be compared), how,
    same (pairs with equal values), how many planned trials of either side have no value, and what was found. The means
    are those of the n values that are compared; where nothing is, since one side has no trial that the other lacks,
    those of all values of either side. notes: lines and x that only one side has, in sentences.
    """

    table: "pd.DataFrame"
    notes: tuple[str, ...]

    def plain(self) -> list[dict[str, Any]]:
        """The table as plain values, for JSON; None for a number that there is not."""
        rows: list[dict[str, Any]] = json.loads(self.table.to_json(orient="records", double_precision=15))
        return rows


def lines_by(frames: "Sequence[Frame]", curves: Sequence[Curve], varied: Sequence[list[str]]) -> tuple[str, ...]:
    """The settings that tell the lines of a curve apart in any of the sweeps. Raises Refused as `select` does."""
    groups = [select(*one).group for one in zip(frames, curves, varied, strict=True) if not one[1].points]
    return tuple(dict.fromkeys(name for group in groups for name in group))


def grouped(curve: Curve, frame: "Frame", group: Sequence[str]) -> Curve:
    """The curve with lines for these settings, as far as the sweep has them."""
    if curve.points:
        return curve
    return curve.model_copy(update={"group": tuple(name for name in group if name in frame.trials)})


def compare(curve: Curve, sides: Sequence[Side], group: Sequence[str]) -> Compared:
    """Compares the curve of the first side with that of each of the others. `group`: the settings that tell lines
    apart, of which a side may lack some."""
    import pandas as pd

    first, *others = sides
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for other in others:
        found, said = _both(curve, first, other, group)
        rows += found
        notes += said
    return Compared(pd.DataFrame(rows, columns=list(COLUMNS)), tuple(notes))


def together(tables: Iterable[tuple[str, "pd.DataFrame"]], group: Sequence[str]) -> "pd.DataFrame":
    """The points, or the values, of several sweeps in one table: the label of the sweep leads the name of each line,
    and values that are no numbers have one place along x."""
    import pandas as pd

    parts = [_labelled(label, table) for label, table in tables]
    whole = pd.concat(parts, ignore_index=True)
    places = {name: float(i) for i, name in enumerate(dict.fromkeys(t for t in whole["x_text"] if t))}
    if places:
        whole["x"] = whole["x_text"].map(places).where(whole["x_text"] != "", whole["x"])
    leading = ["curve", "line", "legend", SWEEP, *group]
    first = [column for column in leading if column in whole]
    return whole[[*first, *(column for column in whole if column not in first)]]


def _labelled(label: str, table: "pd.DataFrame") -> "pd.DataFrame":
    names = {"line": [f"{label}, {line}" for line in table["line"]], SWEEP: label}
    if "legend" in table:
        names["legend"] = [", ".join(filter(None, (label, legend))) for legend in table["legend"]]
    return table.assign(**names)


def _both(curve: Curve, first: Side, other: Side, group: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    one, two = _lines(first, group), _lines(other, group)
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    for key, (name, points) in one.items():
        if key not in two:
            notes.append(f"line '{name}' of {first.label} has none like it in {other.label}")
            continue
        matched = two[key][1]
        common = [x for x in points if x in matched]
        if not common:
            notes.append(
                f"line '{name}': no common x: {first.label} has {_range(points)}, {other.label} {_range(matched)}"
            )
        rows += [_row(curve, first, other, name, points[x], matched[x]) for x in common]
    lost = [name for key, (name, _) in two.items() if key not in one]
    notes += [f"line '{name}' of {other.label} has none like it in {first.label}" for name in lost]
    return rows, notes


class _Point(NamedTuple):
    """One point of a line: its row of the table, and the value of each trial by (trial, seed)."""

    row: Any
    values: dict[tuple[str, int], float]


_X = tuple[float, str]
_Line = tuple[str, dict[_X, _Point]]


def _lines(side: Side, group: Sequence[str]) -> dict[tuple[str, ...], _Line]:
    """The points of each line by x; a line is found by what tells it from others, not by its name."""
    values: dict[tuple[str, _X], dict[tuple[str, int], float]] = {}
    columns = (side.values[name] for name in ("line", "x", "x_text", "trial", "seed", "value"))
    for line, x, x_text, trial, seed, value in zip(*columns, strict=True):
        values.setdefault((str(line), _x(x, x_text)), {})[str(trial), int(seed)] = float(value)
    keys = [_column(side.points, name) for name in (*group, "split", "layer", "at")]
    found: dict[tuple[str, ...], _Line] = {}
    for row, *key in zip(side.points.itertuples(), *keys, strict=True):
        if not (math.isnan(row.x) and not row.x_text):
            x = _x(row.x, row.x_text)
            found.setdefault(tuple(key), (row.line, {}))[1][x] = _Point(row, values.get((row.line, x), {}))
    return found


def _column(points: "pd.DataFrame", name: str) -> list[str]:
    """A column as texts. Trials are matched at the risk that each sweep reaches, which is no other kind of step."""
    known = [text(value) for value in points[name]] if name in points else [ABSENT] * len(points)
    return ["matched" if name == "at" and at.startswith("risk ") else at for at in known]


def _x(x: float, x_text: str) -> _X:
    """What makes two points stand at the same x: the number, or the text of what is none."""
    return (0.0, x_text) if x_text else (float(f"{x:.{DIGITS}g}"), "")


def _range(points: dict[_X, _Point]) -> str:
    texts, numbers = [t for _, t in points if t], [x for x, t in points if not t]
    if texts or not numbers:
        return ", ".join(texts) or "none"
    ends = f"{number(min(numbers))} to {number(max(numbers))}"
    return f"{ends} ({count_of(len(numbers), 'value')})" if len(numbers) > 1 else number(numbers[0])


def _row(curve: Curve, first: Side, other: Side, name: str, one: _Point, two: _Point) -> dict[str, Any]:
    shared = one.values.keys() & two.values.keys() if first.store == other.store else set()
    mine, theirs = (_finite(point.values, shared) for point in (one, two))
    used = _used(mine, theirs)
    found, row = used.interval(bounds(curve.y, first.bounds)), one.row
    itself = bool(shared) and not (mine and theirs)
    shown = [np.array([*_finite(point.values, ()).values()]) for point in (one, two)] if itself else used[:2]
    return {
        "curve": curve.name, "first": first.label, "other": other.label, "line": name, "split": row.split,
        "layer": row.layer, "at": row.at, "x": row.x, "x_text": row.x_text,
        "first_mean": _mean(shown[0]), "other_mean": _mean(shown[1]),
        "difference": found.centre, "low": found.low, "high": found.high,
        "n": min(len(used.first), len(used.other)), "n_first": len(mine), "n_other": len(theirs),
        "how": used.how, "same": used.equal if used.how == "paired" else 0,
        "left_out_first": int(row.planned) - int(row.n), "left_out_other": int(two.row.planned) - int(two.row.n),
        "found": "same trials" if itself else _said(found, used.how),
    }  # fmt: skip


def _finite(values: dict[tuple[str, int], float], shared: "Iterable[tuple[str, int]]") -> dict[int, float]:
    """The finite values by seed, of trials that are not the same record on both sides."""
    gone = set(shared)
    return {seed: v for (trial, seed), v in values.items() if math.isfinite(v) and (trial, seed) not in gone}


class _Used(NamedTuple):
    """The values that are compared, [n] of the first and [m] of the other; pair by pair where `how` says so."""

    first: NDArray[np.float64]
    other: NDArray[np.float64]
    how: How

    @property
    def equal(self) -> int:
        """How many pairs have equal values."""
        return int((self.first == self.other).sum())

    def interval(self, kind: Bounds) -> Interval:
        """The interval of mean(other) - mean(first)."""
        if self.how == "none":
            centre = _mean(self.other) - _mean(self.first)
            return Interval(centre, math.nan, math.nan, "difference", "no interval", intervals.LEVEL, spread=False)
        make = intervals.paired if self.how == "paired" else intervals.difference
        return make(self.other, self.first, kind.holding(self.first, self.other))


def _used(first: dict[int, float], other: dict[int, float]) -> _Used:
    seeds = sorted(first.keys() & other.keys())
    if len(seeds) >= 2:
        one, two = (np.array([values[seed] for seed in seeds]) for values in (first, other))
        return _Used(one, two, "paired")
    one, two = np.array([*first.values()]), np.array([*other.values()])
    return _Used(one, two, "Welch" if min(len(one), len(two)) >= 2 else "none")


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else math.nan


def _said(found: Interval, how: How) -> Found:
    if how == "none" or not found.spread:
        return "undecided"
    return "higher" if found.low > 0 else "lower" if found.high < 0 else "undecided"
