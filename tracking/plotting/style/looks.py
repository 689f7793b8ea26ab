"""How each line of a curve looks, and the legend that says so.

Colour tells lines of different settings and layers apart (for points: shape, too), or training from test where settings
and layers are the same. Dashes tell training from test where both are there (squares where nothing is joined), open
marks any other step from the last.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracking.analysis.values import at_words, is_number
from tracking.plotting.style.style import GREY, PALETTE, Arguments

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.lines import Line2D

    Colour = str | tuple[float, float, float, float]

DASHES = (0, (3.2, 1.6))
MARKS = "osD^vPX"  # of points, one for each group
STEP_MARKS = "oDv^P"  # of lines, one for each step where there are more than two


@dataclass(frozen=True)
class Look:
    """One line. group: its settings and layer, in words. dashed: training. of_split: its colour is that of its split,
    since no group tells the lines apart."""

    group: str
    colour: "Colour"
    mark: str = "o"
    dashed: bool = False
    of_split: bool = False
    at: str = ""  # which step, where that tells lines apart

    def line(self) -> Arguments:
        """Arguments of `Axes.plot` for the centres."""
        return {
            "color": self.colour,
            "linestyle": DASHES if self.dashed else "-",
            "linewidth": 1.5 if self.at in ("", "last") else 0.9,
            **self.marks(),
        }

    def marks(self) -> Arguments:
        """Arguments of `Axes.plot` for marks alone."""
        return {
            "color": self.colour,
            "marker": self.mark,
            "markerfacecolor": self.colour if self.at in ("", "last") else "white",
            "markeredgewidth": 0.9,
        }


def looks(shown: "pd.DataFrame", points: bool, joined: bool, by_split: bool = True) -> dict[str, Look]:
    """The look of each line of a table, by its name. `points`: a mark for each trial; `joined`: lines join marks;
    `by_split`: colours tell splits apart where there is one group."""
    heads = shown.drop_duplicates("line")
    groups = _groups_of(heads)
    names = list(dict.fromkeys(groups))
    splits, moments = heads["split"].nunique() > 1, _moments(heads)
    of_split = by_split and splits and len(names) == 1
    coloured = heads["split"].tolist() if of_split else groups
    shades = dict(zip(dict.fromkeys(coloured), _colours(heads, len(set(coloured))), strict=True))
    found = {}
    for line, split, at, group, shade in zip(heads["line"], heads["split"], heads["at"], groups, coloured, strict=True):
        train = splits and split == "train"
        mark = MARKS[names.index(group) % len(MARKS)] if points else "o" if joined or not train else "s"
        mark = STEP_MARKS[moments.index(at) % len(STEP_MARKS)] if len(moments) > 2 and not points else mark
        found[str(line)] = Look(group, shades[shade], mark, train, of_split, at if len(moments) > 1 else "")
    return found


def _groups_of(heads: "pd.DataFrame") -> list[str]:
    """The settings and the layer of each line, in words: what its colour stands for."""
    layers = heads["layer"] if heads["layer"].nunique() > 1 else [""] * len(heads)
    return [", ".join(filter(None, parts)) for parts in zip(heads["legend"], layers, strict=True)]


def one_group(shown: "pd.DataFrame") -> bool:
    """Whether settings and layers tell no lines of a table apart."""
    return len(set(_groups_of(shown.drop_duplicates("line")))) <= 1


def _colours(heads: "pd.DataFrame", n: int) -> "list[Colour]":
    """The palette; for the values of one number that are many a perceptually even ramp, dark to light."""
    settings = heads.loc[:, "legend":"split"].columns[1:-1]
    varying = [c for c in (*settings, "layer") if heads[c].nunique() > 1]
    ordered = len(varying) == 1 and all(is_number(v) for v in heads[varying[0]])
    if n <= 4 or (n <= len(PALETTE) and not ordered):
        return list(PALETTE[:n])
    from matplotlib import colormaps

    return [colormaps["viridis"](0.88 * i / (n - 1)) for i in range(n)]


def legend(shown: "pd.DataFrame", found: dict[str, Look], points: bool, joined: bool, step: str) -> "list[Line2D]":
    """What colours, dashes and open marks mean, each said once; nothing where there is only one line."""
    entries = _groups(found, points)
    line: Arguments = {"linestyle": "-" if joined else ""}
    heads = shown.drop_duplicates("line")
    if heads["split"].nunique() > 1:
        splits = [s for s in dict.fromkeys(heads["split"]) if s]
        shades = {look.dashed: look.colour for look in found.values() if look.of_split}
        entries += [_split(s, joined, shades.get(s == "train", GREY)) for s in splits]
    moments, marks = _moments(heads), {look.at: look.mark for look in found.values()}
    if len(moments) < 2:
        return entries
    for at in moments:
        looks: Arguments = line if at == "last" else {**line, "linewidth": 0.9, "markerfacecolor": "white"}
        mark = marks[at] if len(moments) > 2 else "o"
        entries.append(_entry(at_words(at, step), marker=mark, markersize=3.8, **looks))
    return entries


def _moments(heads: "pd.DataFrame") -> list[str]:
    """The steps that the lines are of, in their order."""
    return list(dict.fromkeys(heads["at"]))


def _split(split: str, joined: bool, colour: "Colour") -> "Line2D":
    train = split == "train"
    if joined:
        return _entry(split, linestyle=DASHES if train else "-", color=colour)
    return _entry(split, linestyle="", marker="s" if train else "o", markersize=3.8, color=colour)


def _groups(found: dict[str, Look], points: bool) -> "list[Line2D]":
    groups = {look.group: look for look in found.values() if look.group and not look.of_split}
    if points:
        marks = {name: {"marker": look.mark, "markersize": 4, "linestyle": ""} for name, look in groups.items()}
        return [_entry(name, color=groups[name].colour, **mark) for name, mark in marks.items()]
    return [_entry(name, color=look.colour, linewidth=2.2) for name, look in groups.items()]


def _entry(label: str, **look: Any) -> "Line2D":
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **{"color": GREY, "linewidth": 1.5, **look})
