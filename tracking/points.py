"""The points of a curve before they are averaged: which trials, what lies along x, what tells lines apart, which value.

What a setting's value is called in a legend is said here too.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from tracking.named import Refused, unknown

if TYPE_CHECKING:
    import pandas as pd

    from tracking.curves import Curve
    from tracking.frame import Frame

SPLITS = ("train", "test", "")
NOT_SETTINGS = frozenset({"cell", "seed", "state", "step", "reason", "digest"})


class Prepared(NamedTuple):
    """What aggregation and single seeds have in common.

    cells: one line per cell (per trial for `points`): key, group settings, group (its number), legend, planned,
        diverged, failed, x where it does not depend on the step, x_text, threshold.
    series: one line per combination of layer, split and at: series (its number), split, layer, at, legend.
    values: finite values of finished trials: trial, key, series, step, value, and x where it depends on the step.
    group: the settings that tell lines apart.
    """

    cells: "pd.DataFrame"
    series: "pd.DataFrame"
    values: "pd.DataFrame"
    group: list[str]


def prepare(frame: "Frame", curve: "Curve", varied: list[str]) -> Prepared:
    """Selects the trials, finds what lies along x and what tells lines apart, and reads one value per point."""
    chosen = selected(frame, curve.where)
    trials = chosen.trials.assign(trial=chosen.trials.index)
    rows = chosen.rows[chosen.rows["measure"] == curve.y]
    x = _measured_x(chosen, curve)
    group = list(curve.group or ())
    if curve.group is None and not curve.points:
        group = _default_group(trials, curve, varied, x)
    for name in group:
        if name not in trials:
            raise Refused(f"curve '{curve.name}': {unknown('setting', name, settings(frame))}")
    trials["key"] = trials.groupby("trial" if curve.points else _cell(group), sort=False).ngroup()
    series = _series(rows, chosen, curve)
    values = _values(rows, series, trials)
    if x is not None and not per_trial(x):
        values = values.merge(x, on=["trial", "step"], how="inner")
    return Prepared(_cells(trials, group, curve, x), series, values, group)


def _cell(group: list[str]) -> list[str]:
    """What tells points apart; a curve grouped by the seed has a line for each."""
    return ["cell", "seed"] if "seed" in group else ["cell"]


def _measured_x(frame: "Frame", curve: "Curve") -> "pd.DataFrame | None":
    """Columns trial, step, x where x is a measure; None where it is `step` or a setting."""
    if curve.x == "step" or curve.x in frame.trials.columns or frame.trials.empty:
        return None
    found = frame.values(curve.x, curve.x_split).rename(columns={"value": "x"})
    if found.empty and len(frame.rows):
        known = sorted({*frame.rows["measure"].unique(), *settings(frame), "step"})
        raise Refused(f"curve '{curve.name}', x: {unknown('setting or recorded measure', curve.x, known)}")
    return found.astype({"trial": str})


def per_trial(x: "pd.DataFrame") -> bool:
    """Whether x is one number per trial, whatever the step."""
    return bool((x.groupby("trial")["x"].nunique() <= 1).all())


def _default_group(trials: "pd.DataFrame", curve: "Curve", varied: list[str], x: "pd.DataFrame | None") -> list[str]:
    """All that varies, except the seed, the setting along x, and those that are decided by it (zipped with it)."""
    changing = [v for v in varied if v != "seed" and v in trials and trials[v].nunique(dropna=False) > 1]
    along = curve.x if x is None else _along(trials, changing, x) if per_trial(x) else None
    if along not in changing:
        return changing
    decided = trials.groupby(along, dropna=False)[changing].nunique(dropna=False).max() <= 1
    return [v for v in changing if not decided[v]]


def _along(trials: "pd.DataFrame", changing: list[str], x: "pd.DataFrame") -> str | None:
    """The numeric setting that explains the largest share of the variance of x over trials (correlation ratio)."""
    numeric = [v for v in changing if all(_numeric(value) for value in trials[v].dropna())]
    known = trials.merge(x.groupby("trial")["x"].last(), left_on="trial", right_index=True)
    explained = {v: known.groupby(v)["x"].transform("mean").var() for v in numeric}
    return max(numeric, key=lambda v: -1.0 if explained[v] != explained[v] else explained[v], default=None)


def _numeric(value: Any) -> bool:
    """A number, or a list of numbers (the widths of all layers)."""
    if isinstance(value, tuple):
        return all(_numeric(part) for part in value)
    return not _is_bool(value) and hasattr(value, "__float__")


def _series(rows: "pd.DataFrame", frame: "Frame", curve: "Curve") -> "pd.DataFrame":
    """The combinations of layer, split and at, in drawing order. Raises Refused for what is not recorded."""
    import pandas as pd

    if rows.empty and len(frame.rows):
        known = sorted(frame.rows["measure"].unique())
        raise Refused(f"curve '{curve.name}', y: {unknown('recorded measure', curve.y, known)}")
    splits, layers = list(rows["split"].unique()), [str(layer) for layer in rows["layer"].unique()]
    shown_splits = curve.split or [s for s in SPLITS if s in splits] or [""]
    shown_layers = curve.layer or ([""] if "" in layers or not layers else layers)
    for what, wanted, known in (("split", shown_splits, splits), ("layer", shown_layers, layers)):
        for one in wanted:
            if len(rows) and one not in known:
                raise Refused(f"curve '{curve.name}': {curve.y} is not recorded for {what} '{one}'; recorded: {known}")
    if "best" in curve.steps and len(rows) and "test" not in splits:
        raise Refused(f"curve '{curve.name}': at best needs {curve.y} on the test split; recorded: {splits}")
    every = [(s, layer, at) for layer in shown_layers for s in shown_splits for at in curve.steps]
    series = pd.DataFrame(every, columns=["split", "layer", "at"]).assign(series=range(len(every)))
    differing = [c for c in ("layer", "split", "at") if series[c].nunique() > 1]
    return series.assign(legend=[", ".join(words(c, row[c]) for c in differing) for _, row in series.iterrows()])


def _values(rows: "pd.DataFrame", series: "pd.DataFrame", trials: "pd.DataFrame") -> "pd.DataFrame":
    """Columns trial, key, series, step, value: the finite values that count, of finished trials.

    There may be 10^8 rows: words stay categories, and each series takes its own rows only.
    """
    import numpy as np
    import pandas as pd

    finished = trials.loc[trials["state"] == "finished"].set_index("trial")["key"]
    key = rows["trial"].map(finished).astype(float)
    mine = rows[["trial", "step", "split", "layer", "value"]][key.notna().to_numpy()].astype({"value": float})
    mine = mine.assign(key=key.dropna().astype(np.int64)).sort_values(["trial", "step"], ignore_index=True)
    parts = []
    for one in series.itertuples():
        layer = mine["layer"] == one.layer
        part = mine[(mine["split"] == one.split) & layer]
        if one.at == "best":
            best = part["trial"].map(_best_steps(mine[(mine["split"] == "test") & layer])).astype(float)
            part = part[part["step"] == best]
        elif one.at == "last":
            part = part[~part["trial"].duplicated(keep="last")]
        found = part.loc[np.isfinite(part["value"]), ["trial", "key", "step", "value"]]
        parts.append(found.assign(series=one.series)[["trial", "key", "series", "step", "value"]])
    values: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return values


def _best_steps(test: "pd.DataFrame") -> "pd.Series[int]":
    """The first step at which the value is smallest, by trial."""
    known = test[test["value"].notna()]
    best: pd.Series[int] = known.loc[known.groupby("trial", observed=True)["value"].idxmin()].set_index("trial")["step"]
    return best


def _cells(trials: "pd.DataFrame", group: list[str], curve: "Curve", x: "pd.DataFrame | None") -> "pd.DataFrame":
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
    if x is not None and per_trial(x):
        values = trials[["key", "trial"]].merge(x.groupby("trial")["x"].last().reset_index(), on="trial")
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
