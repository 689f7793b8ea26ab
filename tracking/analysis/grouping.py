"""The points of a curve before they are averaged: which trials, what lies along x, what tells lines apart.

What a setting's value is called in a legend is said here too.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from tracking.analysis.curve_spec import Curve
from tracking.common.errors import Refused
from tracking.common.plugins import unknown

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.frame import Frame, Line

NOT_SETTINGS = frozenset({"cell", "seed", "state", "step", "reason", "digest"})


class Along(NamedTuple):
    """A measure along x. last: its last value by trial. stepwise: whether it changes within a trial."""

    last: "pd.Series[float]"
    stepwise: bool


class Prepared(NamedTuple):
    """What is known of a curve before its values are read.

    frame: the chosen trials, with a column `key`: the number of the cell (of the trial for `points`).
    cells: one line per cell (per trial for `points`): key, group settings, group (its number), legend, planned,
        diverged, failed, x where it does not depend on the step, x_text, threshold.
    group: the settings that tell lines apart.
    stepwise: whether x is a measure that changes within a trial.
    """

    frame: "Frame"
    cells: "pd.DataFrame"
    group: list[str]
    stepwise: bool


def prepare(frame: "Frame", curve: "Curve", varied: list[str]) -> Prepared:
    """Selects the trials, finds what lies along x and what tells lines apart."""
    chosen = selected(frame, curve.where)
    x = _measured_x(chosen, curve)
    trials = chosen.trials.assign(trial=chosen.trials.index)
    group = list(curve.group or ())
    if curve.group is None and not curve.points:
        group = _default_group(trials, curve, varied, x)
    for name in group:
        if name not in trials:
            raise Refused(f"curve '{curve.name}': {unknown('setting', name, settings(frame))}")
    trials["key"] = trials.groupby("trial" if curve.points else _cell(group), sort=False).ngroup()
    stepwise = x is not None and x.stepwise
    return Prepared(chosen.having(trials), _cells(trials, group, curve, x), group, stepwise)


def _cell(group: list[str]) -> list[str]:
    """What tells points apart; a curve grouped by the seed has a line for each."""
    return ["cell", "seed"] if "seed" in group else ["cell"]


def _measured_x(frame: "Frame", curve: "Curve") -> Along | None:
    """What lies along x where that is a measure; None where it is `step` or a setting."""
    import pandas as pd

    if curve.x == "step" or curve.x in frame.trials.columns or frame.trials.empty:
        return None
    parts = [_last_and_range(part[curve.x_split, ""]) for part in frame.lines(curve.x) if (curve.x_split, "") in part]
    found = pd.concat(parts) if parts else pd.DataFrame(columns=["last", "min", "max"], dtype=float)
    if found.empty and (recorded := frame.known()):
        known = sorted({*(measure for measure, _, _ in recorded), *settings(frame), "step"})
        raise Refused(f"curve '{curve.name}', x: {unknown('setting or recorded measure', curve.x, known)}")
    found.index = frame.trials.index[found.index.astype(int)]
    return Along(found["last"], bool((found["max"] > found["min"]).any()))


def _last_and_range(line: "Line") -> "pd.DataFrame":
    """Columns last, min, max, by place."""
    import pandas as pd

    found: pd.DataFrame = pd.Series(line.value).groupby(line.place).agg(["last", "min", "max"])
    return found


def _default_group(trials: "pd.DataFrame", curve: "Curve", varied: list[str], x: Along | None) -> list[str]:
    """All that varies, except the seed, the setting along x, and those that are decided by it (zipped with it)."""
    changing = [v for v in varied if v != "seed" and v in trials and trials[v].nunique(dropna=False) > 1]
    along = curve.x if x is None else None if x.stepwise else _along(trials, changing, x.last)
    if along not in changing:
        return changing
    decided = trials.groupby(along, dropna=False)[changing].nunique(dropna=False).max() <= 1
    return [v for v in changing if not decided[v]]


def _along(trials: "pd.DataFrame", changing: list[str], x: "pd.Series[float]") -> str | None:
    """The numeric setting that explains the largest share of the variance of x over trials (correlation ratio)."""
    numeric = [v for v in changing if all(_numeric(value) for value in trials[v].dropna())]
    known = trials.join(x.rename("x"), how="inner")
    explained = {v: known.groupby(v)["x"].transform("mean").var() for v in numeric}
    return max(numeric, key=lambda v: -1.0 if explained[v] != explained[v] else explained[v], default=None)


def _numeric(value: Any) -> bool:
    """A number, or a list of numbers (the widths of all layers)."""
    if isinstance(value, tuple):
        return all(_numeric(part) for part in value)
    return not _is_bool(value) and hasattr(value, "__float__")


def _cells(trials: "pd.DataFrame", group: list[str], curve: "Curve", x: Along | None) -> "pd.DataFrame":
    """One line per cell: how many trials it has, how many of them count for nothing, and where along x it lies."""
    one = trials.groupby("key", sort=False)
    first = trials.drop_duplicates("key").reset_index(drop=True)
    cells = first[["key", *group]].assign(group=first.groupby(group, sort=False, dropna=False).ngroup() if group else 0)
    cells["legend"] = [", ".join(words(c, row[c], len(group) == 1) for c in group) for _, row in cells.iterrows()]
    for name in group:
        cells[name] = cells[name].map(lambda v: text(v) if isinstance(v, tuple) else v)
    cells["planned"] = one.size().to_numpy()
    for state, counted in (("diverged", ["diverged"]), ("failed", ["failed", "cancelled"])):
        cells[state] = trials["state"].isin(counted).groupby(trials["key"], sort=False).sum().to_numpy()
    cells["x_text"], cells["threshold"] = "", _threshold(first, curve)
    if x is not None and not x.stepwise:
        values = trials[["key"]].join(x.last.rename("x"), how="inner")
        return cells.merge(agreed(values, ["key"], curve), on="key", how="left")
    if curve.x in trials:
        cells["x"], cells["x_text"] = _setting_x(first[curve.x])
    return cells


def _threshold(cells: "pd.DataFrame", curve: "Curve") -> "pd.Series[float] | float":
    """The number of training examples of each cell; NaN where it is not asked for, or the setting says 'all'."""
    if not curve.threshold:
        return float("nan")
    name = "data.train_size" if curve.threshold is True else curve.threshold
    if name not in cells:
        known = sorted(c for c in cells.columns if c not in (*NOT_SETTINGS, "trial", "key"))
        raise Refused(f"curve '{curve.name}', threshold: {unknown('setting', str(name), known)}")
    return cells[name].astype(float)


def _setting_x(values: "pd.Series[Any]") -> tuple[list[float], list[str]]:
    """Numbers as they are; anything else (names, yes and no, lists) by its place, with its text."""
    if all(_numeric(v) and not isinstance(v, tuple) for v in values.dropna()):
        return [float(v) for v in values], [""] * len(values)
    texts = [text(v) for v in values]
    places = {t: float(i) for i, t in enumerate(dict.fromkeys(texts))}
    return [places[t] for t in texts], texts


def agreed(values: "pd.DataFrame", keys: list[str], curve: "Curve") -> "pd.DataFrame":
    """x of every point. Raises Refused where the seeds of a point differ in it: their mean would be drawn nowhere."""
    x = values.groupby(keys)["x"].agg(["min", "max"])
    if ((x["max"] - x["min"]) > 1e-9 * x["max"].abs()).any():
        raise Refused(
            f"curve '{curve.name}': {curve.x} differs between the seeds of one point, so that there is no x to draw it "
            "at; use `points: true` for a mark per trial, or `group: [seed]` for a line per seed"
        )
    return x["min"].rename("x").reset_index()


def words(setting: str, value: Any, alone: bool = True) -> str:
    """A setting's value for a legend: `net.width`, 8 -> 'width 8'; `net.batch_norm`, False -> 'no batch norm'.

    `alone`: the legend names no other setting, so that a text needs no more than itself ('square', not 'loss square').
    """
    name = setting.split(".")[-1].replace("_", " ")
    if setting in ("split", "layer"):
        return str(value)
    if setting == "at":
        return f"{value} step"
    if _is_bool(value):
        return name if value else f"no {name}"
    if name == "name" and value == "none":
        return f"no {setting.split('.')[-2]}"
    said = text(value).replace("_", " ") if isinstance(value, str) else text(value)
    return said if isinstance(value, str) and (alone or name == "name") else f"{name} {said}"


def _is_bool(value: Any) -> bool:
    return type(value).__name__ in ("bool", "bool_")  # numpy's own is not a bool, and numpy is slow to import


def text(value: Any) -> str:
    """A value as short as it can be written: 8.0 -> '8', (8, 16) -> '8-16', True -> 'yes', nothing -> 'none'."""
    if isinstance(value, tuple):
        return "-".join(text(v) for v in value)
    if value is None or value != value:
        return "none"
    if _is_bool(value):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def settings(frame: "Frame") -> list[str]:
    """The names of the settings that the trials have, without the seed."""
    return [c for c in frame.trials.columns if c not in NOT_SETTINGS]


def selected(frame: "Frame", where: dict[str, Any]) -> "Frame":
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
