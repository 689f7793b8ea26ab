"""Draws a curve: lines with bands along numbers, marks with bars along anything else.

What a reader must know to trust the picture stands below it: seeds, band, data, and what is missing or diverged.
"""

from typing import TYPE_CHECKING

from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.quantity import bounds
from tracking.analysis.statistics.correlation import of_points
from tracking.analysis.statistics.intervals import Bounds
from tracking.plotting.save import Page
from tracking.plotting.style.axes import prepare, why_empty
from tracking.plotting.style.labels import Caption, footer, title
from tracking.plotting.style.looks import Look, legend, looks
from tracking.plotting.style.style import GREY, INK, NOTE, PAPER, Arguments

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

WIDTH, AXES_HEIGHT = 4.8, 2.75  # inches
SYMBOLS = {
    "kendall": "Kendall's \N{GREEK SMALL LETTER TAU}",
    "spearman": "Spearman's \N{GREEK SMALL LETTER RHO}",
    "pearson": "r",
}
MANY = 4  # lines; with more, bands become bars and single seeds are left out
MAX_MARKS = 24  # points on a line that are marked one by one
NO_NUMBER = ("diverged", "not_finite", "not_reached")  # why a trial that ended has none
APART = 0.5  # of the distance between two values without an order: over how much of it lines are spread


def figure(curve: Curve, table: "pd.DataFrame", single: "pd.DataFrame", caption: Caption) -> "Figure":
    """The figure of one curve from `aggregate` and `single`: one set of axes, legend and footer below."""
    shown = in_place(curve, table)
    notes = footer(curve, table, caption, has_single(curve, shown, single), has_bars(shown))
    page = Page(WIDTH, title(curve, list(shown["split"].unique()), caption), notes, caption.title)
    axes = page.body.add_subplot()
    page.legend(plot(axes, curve, table, single, caption))
    _thresholds(axes, shown)
    return page.finished(axes, AXES_HEIGHT)


def plot(
    axes: "Axes", curve: Curve, table: "pd.DataFrame", single: "pd.DataFrame", caption: Caption, by_split: bool = True
) -> "list[Line2D]":
    """Draws one curve into these axes; returns the entries of its legend. `by_split`: as in `looks`."""
    shown = within_bounds(bounds(curve.y, caption.bounds), in_place(curve, table))
    unordered = unordered_x(shown)
    found = looks(shown, curve.points, not unordered, by_split)
    seeds = in_place(curve, single) if has_single(curve, shown, single) else single.head(0)
    places = beside(found) if unordered else dict.fromkeys(found, 0.0)
    _single_seeds(axes, seeds, found, places, unordered)
    for line, part in shown.groupby("line", sort=False):
        look, part = found[str(line)], part.assign(x=part["x"] + places[str(line)])
        if curve.points:
            axes.scatter(
                part["x"], part["centre"], s=18, alpha=0.85, linewidths=0, gid="points", color=look.colour,
                marker=look.mark,
            )  # fmt: skip
        else:
            _line(axes, part, look, len(found) > MANY, unordered)
    prepare(axes, curve, shown, seeds, caption)
    if shown["centre"].isna().all():
        axes.text(0.5, 0.5, why_empty(table), transform=axes.transAxes, ha="center", va="center", color=GREY)
    _correlation(axes, curve, shown)
    reference = _reference(axes, curve, shown, found)
    return [*legend(shown, found, curve.points, not unordered, caption.step), *reference]


def _correlation(axes: "Axes", curve: Curve, shown: "pd.DataFrame") -> None:
    """The correlation of all points, in the corner below them or above: where there are fewer."""
    if curve.correlation is None or shown["split"].nunique() != 1:
        return
    x, y = (shown[name].to_numpy(float) for name in ("x", "centre"))
    found = of_points(x, y, curve.correlation)
    if found is None:
        return
    digits = 4 if max(-found.low, found.high) > 0.995 else 2  # near 1 the distance from 1 is what counts
    ends = f"{found.low:.{digits}f} to {found.high:.{digits}f}"
    said = f"{SYMBOLS[curve.correlation]} = {found.centre:.{digits}f} ({ends})"
    place = axes.transAxes.inverted().transform(axes.transData.transform([*zip(x, y, strict=True)]))
    left = place[place[:, 0] < 0.7, 1]  # as far as the text reaches in a panel
    below = int((left < 0.15).sum()) <= int((left > 0.85).sum())
    axes.text(0.03, 0.04 if below else 0.96, said, transform=axes.transAxes, va="bottom" if below else "top",
              fontsize=NOTE + 0.7, color=INK, gid="correlation", bbox={"facecolor": PAPER, "alpha": 0.8, "linewidth": 0,
                                                                       "pad": 1.5})  # fmt: skip


def in_place(curve: Curve, table: "pd.DataFrame") -> "pd.DataFrame":
    """The points that have a place along x: a logarithmic axis of steps has none for step 0."""
    known = table[table["x"].notna()]
    return known[known["x"] > 0] if curve.x_logarithmic and "every" in curve.steps else known


def within_bounds(within: Bounds, shown: "pd.DataFrame") -> "pd.DataFrame":
    """The points with their bands cut to what the quantity can be (one standard deviation may reach beyond it)."""
    low, high = within
    return shown.assign(low=shown["low"].clip(lower=low), high=shown["high"].clip(upper=high))


def unordered_x(shown: "pd.DataFrame") -> bool:
    """Whether x has values that are no numbers, so that no line joins them."""
    return bool((shown["x_text"] != "").any())


def has_bars(shown: "pd.DataFrame") -> bool:
    """Whether bands are drawn as bars: many of them would hide each other, and marks beside each other have none."""
    few_marks = int(shown["line"].value_counts().max()) <= MAX_MARKS if len(shown) else True
    return unordered_x(shown) or (shown["line"].nunique() > MANY and few_marks)


def beside(found: dict[str, Look]) -> dict[str, float]:
    """Where each line's marks are beside the place of a value, so that none hides another."""
    step = APART / max(len(found), 2)
    return {line: step * (i - (len(found) - 1) / 2) for i, line in enumerate(found)}


def has_single(curve: Curve, shown: "pd.DataFrame", single: "pd.DataFrame") -> bool:
    """Whether single seeds are drawn: not where they would hide the curves."""
    return shown["line"].nunique() <= MANY and not single.empty and not curve.points


def _single_seeds(
    axes: "Axes", single: "pd.DataFrame", found: dict[str, Look], places: dict[str, float], unordered: bool
) -> None:
    for (line, _), part in single.groupby(["line", "seed"], sort=False):
        look, x = found[str(line)], part["x"] + places[str(line)]
        if unordered:
            axes.plot(x, part["value"], color=look.colour, marker=".", markersize=3, linestyle="", alpha=0.3,
                      zorder=1.5, gid="seed")  # fmt: skip
        else:
            style = {k: v for k, v in look.line().items() if k in ("color", "linestyle")}
            axes.plot(x, part["value"], linewidth=0.5, alpha=0.3, zorder=1.5, gid="seed", **style)


def _line(axes: "Axes", part: "pd.DataFrame", look: Look, many: bool, unordered: bool) -> None:
    """Centre and band of one line; where trials diverged or ended with no finite number, a cross on the x axis."""
    x, marked = part["x"], len(part) <= MAX_MARKS
    if unordered or (many and marked):
        axes.vlines(x, part["low"], part["high"], color=look.colour, alpha=0.45, linewidth=0.9, zorder=1.8, gid="band")
    else:
        axes.fill_between(x, part["low"], part["high"], color=look.colour, alpha=0.1 if many else 0.16, linewidth=0,
                          zorder=1.8, gid="band")  # fmt: skip
    drawn = {**look.marks(), "linestyle": ""} if unordered else look.line()
    axes.plot(x, part["centre"], markersize=3.4 if marked or unordered else 0.0, zorder=3, gid="centre", **drawn)
    gone = without_number(part)["x"]
    if len(gone):
        axes.plot(gone, [0.025] * len(gone), transform=axes.get_xaxis_transform(), linestyle="", marker="x",
                  markersize=4, markeredgewidth=1.1, color=look.colour, zorder=4, gid="diverged")  # fmt: skip


def without_number(part: "pd.DataFrame") -> "pd.DataFrame":
    """The points of a line of which trials diverged or ended with no finite number."""
    return part[(part[[*NO_NUMBER]].sum(axis=1) > 0) & (part["at"] != "every")]


def _reference(axes: "Axes", curve: Curve, shown: "pd.DataFrame", found: dict[str, Look]) -> "list[Line2D]":
    """A line to compare with: one for all where it is the same for all, else one for each line, in its colour.

    Returns the entries of the legend that name it.
    """
    from matplotlib.lines import Line2D

    if curve.reference is None or shown["reference"].isna().all():
        return []
    dotted: Arguments = {"linestyle": (0, (1, 1.4)), "linewidth": 1.1, "zorder": 1.6, "gid": "reference"}
    values = shown["reference"].dropna().unique()
    if len(values) == 1:
        axes.axhline(values[0], color=GREY, **dotted)
    elif (shown.groupby("x")["reference"].nunique() <= 1).all():
        alike = shown.drop_duplicates("x").sort_values("x")
        axes.plot(alike["x"], alike["reference"], color=GREY, **dotted)
    elif not curve.points:
        for line, part in shown.groupby("line", sort=False):
            colour = found[str(line)].colour
            if part["reference"].nunique() == 1:
                axes.axhline(part["reference"].iloc[0], color=colour, **dotted)
            else:
                axes.plot(part["x"], part["reference"], color=colour, **dotted)
    return [Line2D([], [], label=str(curve.reference), color=GREY, linestyle=(0, (1, 1.4)), linewidth=1.1)]


def _thresholds(axes: "Axes", shown: "pd.DataFrame") -> None:
    """Vertical lines at parameters = training examples, named above the axes, inside their width."""
    found = sorted(shown["threshold"].dropna().unique())
    for n in found:
        axes.axvline(n, color=GREY, linewidth=0.9, linestyle=(0, (1, 1.4)), zorder=1.2, gid="threshold")
    if found:
        said = ", ".join(f"{int(n):,}" for n in found)
        across = axes.transAxes.inverted().transform(axes.transData.transform((found[0], 1)))[0]
        side = "left" if across < 0.3 else "right" if across > 0.7 else "center"
        name = f"parameters = training examples ({said})"
        axes.annotate(name, (found[0], 1.0), (0, 3), axes.get_xaxis_transform(), "offset points", ha=side, va="bottom",
                      fontsize=NOTE, color=GREY)  # fmt: skip
