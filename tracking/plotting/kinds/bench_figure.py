"""Draws a benchmark: images per second against width, a line an engine, a panel for each of batch norm and none.

An engine that was measured with several numbers of models is drawn at its best one; the shade reaches down to its
worst. The dotted line is what the machine's arithmetic peak allows.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracking.plotting.save import Page
from tracking.plotting.style.style import GREY, PALETTE, PANEL_TITLE, Arguments

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL, HEIGHT = 3.1, 2.6  # inches
MARKERS = "osD^vP*X"

Result = Mapping[str, Any]


def figure(report: Mapping[str, Any], limits: Mapping[int, float]) -> "Figure":
    """The panels side by side, one legend and one footer below them. `limits`: images per second at the arithmetic
    peak, by width."""
    results: Sequence[Result] = report["results"]
    arms = sorted({r["batch_norm"] for r in results})
    page = Page(max(2 * PANEL, PANEL * len(arms)), "", [_footer(report)])
    panels = page.body.subplots(1, max(len(arms), 1), squeeze=False, sharey=True)[0]
    names = [name for name in report["engines"] if any(r["engine"] == name for r in results)]
    looks = {name: _look(i, name == "ours") for i, name in enumerate(names)}
    for axes, arm in zip(panels, arms, strict=False):
        _panel(axes, [r for r in results if r["batch_norm"] == arm], looks, limits)
        axes.set_title("with batch norm" if arm else "without batch norm", fontsize=PANEL_TITLE)
    panels[0].set_ylabel("images trained on per second, times models")
    page.legend(panels[0].get_legend_handles_labels()[0])
    return page.finished(panels[0], HEIGHT)


def _panel(axes: "Axes", results: Sequence[Result], looks: Mapping[str, Any], limits: Mapping[int, float]) -> None:
    from matplotlib.ticker import NullLocator

    for name, look in looks.items():
        found = {w: [r["images_per_s"] for r in results if (r["engine"], r["width"]) == (name, w)] for w in limits}
        widths = [w for w, rates in found.items() if rates]
        best, worst = [max(found[w]) for w in widths], [min(found[w]) for w in widths]
        axes.fill_between(widths, worst, best, color=look["color"], alpha=0.12, linewidth=0)
        axes.plot(widths, best, markersize=4, label=name.replace("_", " "), gid=name, **look)
    at, peak = list(limits), list(limits.values())
    axes.plot(at, peak, color=GREY, linestyle=":", marker="_", label="arithmetic peak", gid="peak")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(list(limits), [str(w) for w in limits])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("channels of each convolution")


def _look(i: int, ours: bool) -> Arguments:
    """Black and heavy for this project's engine; a colour and a mark of its own for each of the others."""
    colours = PALETTE[:-1]
    colour = PALETTE[-1] if ours else colours[i % len(colours)]
    return {"color": colour, "marker": MARKERS[i % len(MARKERS)], "linewidth": 2.2 if ours else 1.4}


def _footer(report: Mapping[str, Any]) -> str:
    """What a reader must know: what was trained, where, with what, how often."""
    how, versions = report["measured"], report["versions"]
    commit = f"{report['commit'][:10]}{' with changes' if report['modified'] else ''}" if report["commit"] else "none"
    return (
        f"{report['hardware']}, {report['processes']} processes at once; torch {versions['torch']}, sweep "
        f"{versions['sweep']}, commit {commit}. {how['net']}; batch {how['batch']}; images {how['images']}. Median of "
        f"{how['rounds']} rounds of {how['seconds']:g} s in which the engines take turns. Engines that train several "
        "models are drawn at their best number of models; the shade reaches to their worst."
    )
