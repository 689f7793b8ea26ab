"""Draws a curve in the one house style: PNG for reading and SVG for papers, the same bytes for the same numbers.

Colour tells lines of different settings apart, dashes training from test, open marks the best step from the last.
What a reader must know to trust the picture stands below it: seeds, band, data, and what is missing or diverged.
"""

import itertools
import math
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracking.analysis.curve_spec import Curve
from tracking.analysis.values import words
from tracking.plotting.axes import prepare
from tracking.plotting.labels import footer

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito, 2008
GREY = "#5f5f5f"
WIDTH, AXES_HEIGHT = 4.8, 2.75  # inches
DASHES = (0, (3.2, 1.6))
MARKS = "osD^vPX"  # of points, one for each group
MANY = 4  # lines; with more, bands become bars and single seeds are left out
MAX_MARKS = 24  # points on a line that are marked one by one


def style() -> dict[str, Any]:
    """Matplotlib's settings for every figure; for `matplotlib.rc_context`."""
    return {
        "font.family": "DejaVu Sans",
        "font.size": 8.0,
        "axes.labelsize": 8.5,
        "axes.linewidth": 0.7,
        "axes.edgecolor": "#333333",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "grid.color": "#e6e6e6",
        "grid.linewidth": 0.5,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "xtick.minor.width": 0.4,
        "ytick.minor.width": 0.4,
        "mathtext.fontset": "dejavusans",
        "axes.formatter.use_mathtext": True,
        "legend.frameon": False,
        "legend.fontsize": 7.5,
        "lines.solid_capstyle": "round",
        "svg.hashsalt": "sweep",
        "path.simplify": True,
    }


def draw(
    curve: Curve, table: "pd.DataFrame", single: "pd.DataFrame", about: Mapping[str, Any], folder: Path
) -> dict[str, str]:
    """Writes <folder>/<curve>.png and .svg from `aggregate` and `single`; returns their paths as {"png", "svg"}.

    `about` says what no number does: title, source, data; step (what a step is called) if not "step".
    """
    import matplotlib

    paths = {kind: folder / f"{curve.name}.{kind}" for kind in ("png", "svg")}
    with matplotlib.rc_context(style()):
        drawn = figure(curve, table, single, about)
        drawn.savefig(paths["png"], dpi=300)
        drawn.savefig(paths["svg"], metadata={"Date": None})
    return {kind: str(path) for kind, path in paths.items()}


def figure(curve: Curve, table: "pd.DataFrame", single: "pd.DataFrame", about: Mapping[str, Any]) -> "Figure":
    """The figure of one curve: one set of axes, legend and footer below."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(WIDTH, AXES_HEIGHT))
    axes = drawn.add_subplot()
    entries = plot(axes, curve, table, single, about)
    shown = _shown(curve, table)
    bars = shown["line"].nunique() > MANY and int(shown["line"].value_counts().max()) <= MAX_MARKS
    thin = _thin(curve, shown, single)
    notes = [line for note in footer(curve, table, about, thin, bars) for line in textwrap.wrap(note, 112)]
    title = textwrap.wrap(curve.title or str(about.get("title", "")), 60)
    _place(drawn, axes, title, entries, notes, bool(shown["threshold"].notna().any()))
    _thresholds(axes, shown)
    return drawn


def _shown(curve: Curve, table: "pd.DataFrame") -> "pd.DataFrame":
    """The points that can be drawn: a logarithmic axis has no place for 0."""
    known = table[table["x"].notna()]
    return known[known["x"] > 0] if curve.x_logarithmic else known


def _thin(curve: Curve, shown: "pd.DataFrame", single: "pd.DataFrame") -> bool:
    """Whether single seeds are drawn: not where they would hide the curves."""
    return shown["line"].nunique() <= MANY and not single.empty and not curve.points


def plot(
    axes: "Axes", curve: Curve, table: "pd.DataFrame", single: "pd.DataFrame", about: Mapping[str, Any]
) -> "list[Line2D]":
    """Draws one curve into these axes; returns the entries of its legend."""
    shown = _shown(curve, table)
    if curve.x_logarithmic:
        single = single[single["x"] > 0]
    looks = _looks(shown, curve.points)
    seeds = single if _thin(curve, shown, single) else single.head(0)
    _single_seeds(axes, seeds, looks)
    for line, part in shown.groupby("line", sort=False):
        if curve.points:
            look = {k: looks[line][k] for k in ("color", "marker")}
            axes.scatter(part["x"], part["centre"], s=18, alpha=0.85, linewidths=0, gid="points", **look)
        else:
            _line(axes, part, looks[line], len(looks) > MANY)
    prepare(axes, curve, shown, seeds, about)
    return _legend(shown, looks, curve, about)


def _looks(shown: "pd.DataFrame", points: bool) -> dict[Any, dict[str, Any]]:
    """How each line is drawn: colour by settings and layer (points: shape, too), dashes for training where test is
    there as well, open marks for the best step."""
    heads = shown.drop_duplicates("line")
    groups = _groups(heads)
    names = list(dict.fromkeys(groups))
    colours = dict(zip(names, _colours(heads, len(names)), strict=True))
    looks = {}
    for line, split, at, group in zip(heads["line"], heads["split"], heads["at"], groups, strict=True):
        best = at == "best" and heads["at"].nunique() > 1
        looks[line] = {
            "color": colours[group],
            "linestyle": DASHES if split == "train" and heads["split"].nunique() > 1 else "-",
            "marker": MARKS[names.index(group) % len(MARKS)] if points else "o",
            "markerfacecolor": "white" if best else colours[group],
            "linewidth": 0.9 if best else 1.5,
        }
    return looks


def _groups(heads: "pd.DataFrame") -> list[str]:
    """What tells colours apart, in words, for each line: the settings of its group, and the layer."""
    columns = _telling(heads)
    return [", ".join(words(c, row[c], len(columns) == 1) for c in columns) for _, row in heads[columns].iterrows()]


def _telling(heads: "pd.DataFrame") -> list[str]:
    """The columns that tell colours apart: the settings of the group, and the layer where there are several."""
    columns = [c for c in heads.loc[:, "line":"layer"].columns[1:] if c != "split"]
    return columns if heads["layer"].nunique() > 1 else columns[:-1]


def _colours(heads: "pd.DataFrame", n: int) -> list[Any]:
    """The palette; for the values of one number that are many a perceptually even ramp, dark to light."""
    varying = heads[_telling(heads)].nunique().loc[lambda count: count > 1].index
    ordered = len(varying) == 1 and all(isinstance(v, int | float) for v in heads[varying[0]])
    if n <= 4 or (n <= len(PALETTE) and not ordered):
        return list(PALETTE[:n])
    from matplotlib import colormaps

    return [colormaps["viridis"](0.88 * i / (n - 1)) for i in range(n)]


def _single_seeds(axes: "Axes", single: "pd.DataFrame", looks: dict[Any, dict[str, Any]]) -> None:
    for (line, _), part in single.groupby(["line", "seed"], sort=False):
        look = {k: looks[line][k] for k in ("color", "linestyle")}
        axes.plot(part["x"], part["value"], linewidth=0.5, alpha=0.3, zorder=1.5, gid="seed", **look)


def _line(axes: "Axes", part: "pd.DataFrame", look: dict[str, Any], many: bool) -> None:
    """Centre and band of one line; where trials diverged or ended with no finite number, a cross on the x axis."""
    x, centre, colour, marked = part["x"], part["centre"], look["color"], len(part) <= MAX_MARKS
    if many and marked:
        axes.vlines(x, part["low"], part["high"], color=colour, alpha=0.45, linewidth=0.9, zorder=1.8, gid="band")
    else:
        shade = 0.1 if many else 0.16
        axes.fill_between(x, part["low"], part["high"], color=colour, alpha=shade, linewidth=0, zorder=1.8, gid="band")
    axes.plot(x, centre, markersize=3.4 if marked else 0.0, markeredgewidth=0.9, zorder=3, gid="centre", **look)
    gone = part.loc[(part["diverged"] + part["not_finite"] > 0) & (part["at"] != "every"), "x"]
    axes.plot(gone, [0.025] * len(gone), transform=axes.get_xaxis_transform(), linestyle="", marker="x",
              markersize=4, markeredgewidth=1.1, color=colour, zorder=4, gid="diverged")  # fmt: skip


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
                      fontsize=7, color=GREY)  # fmt: skip


def _legend(
    shown: "pd.DataFrame", looks: dict[Any, dict[str, Any]], curve: Curve, about: Mapping[str, Any]
) -> "list[Line2D]":
    """What colours, dashes and open marks mean, each said once; nothing where there is only one line."""
    from matplotlib.lines import Line2D

    def entry(label: str, **look: Any) -> Line2D:
        return Line2D([], [], label=label, **{"color": GREY, "linewidth": 1.5, **look})

    heads = shown.drop_duplicates("line")
    kept = ("color", "marker") if curve.points else ("color",)
    shape: dict[str, Any] = {"linestyle": "", "markersize": 4} if curve.points else {"linewidth": 2.2}
    groups = {g: {k: looks[line][k] for k in kept} for g, line in zip(_groups(heads), heads["line"], strict=True)}
    entries = [entry(group, **look, **shape) for group, look in groups.items() if group]
    if heads["split"].nunique() > 1:
        splits = [s for s in dict.fromkeys(heads["split"]) if s]
        entries += [entry(s, linestyle=DASHES if s == "train" else "-") for s in splits]
    if heads["at"].nunique() > 1:
        step = about.get("step", "step")
        entries.append(entry(f"last {step}", marker="o", markersize=3.8))
        entries.append(entry(f"best {step}", marker="o", markersize=3.8, linewidth=0.9, markerfacecolor="white"))
    return entries


def _columns(entries: "list[Line2D]", width: float) -> int:
    """The most columns in which the legend fits a width in inches; matplotlib fills it column by column."""
    from matplotlib.textpath import TextPath

    size = float(style()["legend.fontsize"])
    wide = [(TextPath((0, 0), str(e.get_label()), size=size).get_extents().width + 4.8 * size) / 72 for e in entries]
    for rows in range(1, len(wide)):
        columns = math.ceil(len(wide) / rows)
        tall = len(wide) - columns * (len(wide) // columns)  # so many columns have one entry more than the others
        starts = [i * (len(wide) // columns) + min(i, tall) for i in range(columns + 1)]
        if sum(max(wide[i:j]) for i, j in itertools.pairwise(starts)) <= width:
            return columns
    return 1


def _place(
    drawn: "Figure", axes: "Axes", title: list[str], entries: "list[Line2D]", notes: list[str], named: bool
) -> None:
    """Stacks title, axes, legend and footer so that nothing meets, whatever the length of each; sizes in inches.

    `named`: a threshold is named above the axes.
    """
    columns = _columns(entries, WIDTH - 0.8)
    top = 0.2 + 0.18 * len(title) + (0.17 if named else 0.0)
    bottom = 0.08 + 0.112 * len(notes) + 0.1 + 0.155 * math.ceil(len(entries) / columns) + 0.46
    height = top + AXES_HEIGHT + bottom
    drawn.set_size_inches(WIDTH, height)
    left = 0.6
    for _ in range(2):  # once to see how wide the tick labels are, once to make room for them
        axes.set_position((left / WIDTH, bottom / height, (WIDTH - left - 0.18) / WIDTH, AXES_HEIGHT / height))
        drawn.draw_without_rendering()
        box = axes.get_tightbbox()
        left += 0.08 - (box.x0 / drawn.dpi if box else 0.08)
    drawn.text(0.08 / WIDTH, 1 - 0.1 / height, "\n".join(title), va="top", fontsize=9.5, fontweight="bold")
    drawn.text(0.08 / WIDTH, 0.08 / height, "\n".join(notes), va="bottom", fontsize=6.3, color=GREY, linespacing=1.25)
    if entries:
        anchor = (left / WIDTH, (bottom - 0.46) / height)
        drawn.legend(handles=entries, loc="upper left", bbox_to_anchor=anchor, ncols=columns, borderaxespad=0,
                     handlelength=2.2, columnspacing=1.6, labelspacing=0.35, borderpad=0)  # fmt: skip
