"""The first step of a curve, select: which trials it shows, what lies along x, and what tells its lines apart.

A line of a curve without `group` is one combination of everything that varies but the seed and what lies along x. A
setting that moves with x (zipped with it, or decided by it) makes no lines where it is a number, since then the line
shows both. Where it is anything else, or where it decides whether x exists (a parent of `when`), it does: networks of
different kinds are not comparable along x and never joined.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.values import CLASSES, absent, codes, is_number, of_one_kind, text, words
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import unknown

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame

NOT_SETTINGS = frozenset({"cell", "seed", CLASSES, "state", "step", "reason", "digest"})


class Along(NamedTuple):
    """A measure along x. last: its last value by trial. stepwise: whether it changes within a trial."""

    last: "pd.Series[float]"
    stepwise: bool


class Selection(NamedTuple):
    """What is known of a curve before its values are read.

    frame: the chosen trials, with a column `key`: the number of the cell (of the trial for `points`).
    cells: one line per cell (per trial for `points`): key, group settings, group (its number), legend, planned,
        diverged, failed, x where it does not depend on the step, x_text, threshold, reference.
    group: the settings that tell lines apart.
    stepwise: whether x is a measure that changes within a trial.
    """

    frame: "Frame"
    cells: "pd.DataFrame"
    group: list[str]
    stepwise: bool


def select(frame: "Frame", curve: Curve, varied: list[str]) -> Selection:
    """Selects the trials, finds what lies along x and what tells lines apart. Raises Refused for unknown names."""
    chosen = selected(frame, curve.where)
    x = _measured_x(chosen, curve)
    trials = chosen.trials.assign(trial=chosen.trials.index)
    group = list(curve.group or ())
    if curve.group is None and not curve.points:
        group = _default_group(chosen, curve, varied, x)
    for name in group:
        if name not in trials:
            raise Refused(f"curve '{curve.name}': {unknown('setting', name, settings(frame))}")
    trials["key"] = trials.groupby("trial" if curve.points else _cell(group), sort=False).ngroup()
    stepwise = x is not None and x.stepwise
    return Selection(chosen.having(trials), _cells(trials, group, curve, x), group, stepwise)


def _cell(group: list[str]) -> list[str]:
    """What tells points apart; a curve grouped by the seed has a line for each."""
    return ["cell", "seed"] if "seed" in group else ["cell"]


def _measured_x(frame: "Frame", curve: Curve) -> Along | None:
    """What lies along x where that is a measure; None where it is `step` or a setting."""
    import pandas as pd

    if curve.x == "step" or curve.x in frame.trials.columns or frame.trials.empty:
        return None
    parts = [part for part in frame.reduced(partial(_last_and_range, curve.x, curve.x_split)) if len(part)]
    found = pd.concat(parts) if parts else pd.DataFrame(columns=["last", "min", "max"], dtype=float)
    if found.empty and (recorded := frame.known()):
        known = sorted({*(measure for measure, _, _ in recorded), *settings(frame), "step"})
        raise Refused(f"curve '{curve.name}', x: {unknown('setting or recorded measure', curve.x, known)}")
    return Along(found["last"], bool((found["max"] > found["min"]).any()))


def _last_and_range(measure: str, split: str, frame: "Frame") -> "pd.DataFrame":
    """Columns last, min, max of a measure, by trial."""
    values = frame.placed(measure, split)
    found: pd.DataFrame = values.groupby("place")["value"].agg(["last", "min", "max"])
    return found.set_axis(frame.trials.index[found.index])


def _default_group(frame: "Frame", curve: Curve, varied: list[str], x: Along | None) -> list[str]:
    """The settings that make lines, as the first lines of this file say."""
    import pandas as pd

    changing = varying(frame, [v for v in varied if v in settings(frame)])
    along = curve.x if x is None else None if x.stepwise else _along(frame.trials, changing, x.last)
    if along not in changing:
        return changing
    numbered = {v: codes(frame.trials[v]) for v in changing}
    table = pd.DataFrame({v: number for v, (number, _) in numbered.items()})
    decided = table.groupby(along)[changing].nunique().max() <= 1
    joined = x is not None or _is_numeric(numbered[along][1])
    kept = {v for v in changing if joined and (v in frame.parents or not _is_numeric(numbered[v][1]))}
    return [v for v in changing if v != along and (v in kept or not decided[v])]


def _along(trials: "pd.DataFrame", changing: list[str], x: "pd.Series[float]") -> str | None:
    """The setting, of numbers or of lists of them (the widths of all layers), that explains the largest share of the
    variance of x over trials (correlation ratio)."""
    import pandas as pd

    explained: dict[str, float] = {}
    for name in changing:
        numbered, values = codes(trials[name])
        if all(is_number(v) or isinstance(v, tuple) or absent(v) for v in values):
            known = pd.DataFrame({"value": numbered}, index=trials.index).join(x.rename("x"), how="inner")
            share = float(known.groupby("value")["x"].transform("mean").var())
            explained[name] = -1.0 if np.isnan(share) else share
    return max(explained, key=explained.__getitem__, default=None)


def _is_numeric(values: list[object]) -> bool:
    """Whether the values have an order: all are numbers, where the setting exists at all."""
    return all(is_number(v) or absent(v) for v in values)


def _cells(trials: "pd.DataFrame", group: list[str], curve: Curve, x: Along | None) -> "pd.DataFrame":
    """One line per cell: how many trials it has, how many of them count for nothing, and where along x it lies."""
    import pandas as pd

    one = trials.groupby("key", sort=False)
    first = trials.drop_duplicates("key").reset_index(drop=True)
    numbered = pd.DataFrame({name: codes(first[name])[0] for name in group}, index=first.index)
    lines = numbered.groupby(group, sort=False).ngroup() if group else 0
    cells = first[["key", *group]].assign(group=lines)
    cells["legend"] = [", ".join(words(c, row[c], len(group) == 1) for c in group) for _, row in cells.iterrows()]
    for name in group:
        cells[name] = pd.Series(of_one_kind(cells[name]), index=cells.index)
    cells["planned"] = one.size().to_numpy()
    for state, counted in (("diverged", ["diverged"]), ("failed", ["failed", "cancelled"])):
        cells[state] = trials["state"].isin(counted).groupby(trials["key"], sort=False).sum().to_numpy()
    cells["x_text"], cells["threshold"], cells["reference"] = "", _threshold(first, curve), _reference(first, curve)
    if x is not None and not x.stepwise:
        known = trials[["key"]].join(x.last.rename("x"), how="inner")
        return cells.merge(agreed(known, ["key"], curve), on="key", how="left")
    if curve.x in trials:
        cells["x"], cells["x_text"] = _setting_x(first[curve.x])
    return cells


def _threshold(cells: "pd.DataFrame", curve: Curve) -> "pd.Series[float] | float":
    """The number of training examples of each cell; NaN where it is not asked for, or the setting says 'all'."""
    if not curve.threshold:
        return float("nan")
    name = "data.train_size" if curve.threshold is True else curve.threshold
    return _column(cells, curve, "threshold", str(name)).astype(float)


def _reference(cells: "pd.DataFrame", curve: Curve) -> "pd.Series[float] | float":
    """Where the line to compare with lies for each cell; NaN where none is asked for, or it divides by 0."""
    if curve.reference is None:
        return float("nan")
    if not curve.reference.over:
        return curve.reference.value
    over = _column(cells, curve, "reference", curve.reference.over).astype(float)
    return curve.reference.value / over.where(over != 0)


def _column(cells: "pd.DataFrame", curve: Curve, field: str, name: str) -> "pd.Series[Any]":
    if name not in cells:
        known = sorted(c for c in cells.columns if c not in (*NOT_SETTINGS, "trial", "key"))
        raise Refused(f"curve '{curve.name}', {field}: {unknown('setting', name, known)}")
    return cells[name]


def _setting_x(column: "pd.Series[Any]") -> tuple[list[float], list[str]]:
    """Numbers as they are. Of anything else, or of numbers mixed with it, the place in the order of the file, with its
    text. NaN where a cell does not have the setting."""
    numbered, values = codes(column)
    if _is_numeric(values):
        return column.astype(float).tolist(), [""] * len(column)
    there = [i for i, value in enumerate(values) if not absent(value)]
    places = {i: float(place) for place, i in enumerate(there)}
    return [places.get(i, float("nan")) for i in numbered], [text(values[i]) if i in places else "" for i in numbered]


def agreed(values: "pd.DataFrame", keys: list[str], curve: Curve) -> "pd.DataFrame":
    """x of every point. Raises Refused where the seeds of a point differ in it: their mean would be drawn nowhere."""
    x = values.groupby(keys)["x"].agg(["min", "max"])
    if ((x["max"] - x["min"]) > 1e-9 * x["max"].abs()).any():
        raise Refused(
            f"curve '{curve.name}': {curve.x} differs between the seeds of one point, so that there is no x to draw it "
            "at; use `points: true` for a mark per trial, or `group: [seed]` for a line per seed"
        )
    return x["min"].rename("x").reset_index()


def settings(frame: "Frame") -> list[str]:
    """The names of the settings that the trials have, without the seed."""
    return [c for c in frame.trials.columns if c not in NOT_SETTINGS]


def varying(frame: "Frame", among: Iterable[str] | None = None) -> list[str]:
    """The settings (all, or some) that take more than one value, without the keys of a mapping that does so itself."""
    asked = settings(frame) if among is None else among
    found = [name for name in asked if len(codes(frame.trials[name])[1]) > 1]
    return [name for name in found if not any(name.startswith(f"{whole}.") for whole in found)]


def selected(frame: "Frame", where: Mapping[str, object]) -> "Frame":
    """The trials that fulfil the conditions. Raises Refused for a setting that the trials do not have."""
    for key in where:
        if key not in frame.trials.columns:
            raise Refused(unknown("setting", key, settings(frame)))
    found = frame.where(where)
    if found.trials.empty:
        if not where:
            raise Refused("no trial is recorded")
        exist = "; ".join(f"{k} is one of {sorted(set(map(text, frame.trials[k])))}" for k in where)
        raise Refused(f"no trial that is recorded fulfils {where}: {exist}")
    return found
