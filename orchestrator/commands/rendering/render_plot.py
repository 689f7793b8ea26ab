"""A curve as a small plot in the terminal."""

from typing import TYPE_CHECKING

from orchestrator.terminal import plot
from orchestrator.terminal.console import animated
from orchestrator.terminal.plot import Axis, Line
from tracking.analysis.values import words

if TYPE_CHECKING:
    import pandas as pd

    from tracking.analysis.specs.curve_spec import Curve

MOST_CURVES = 3  # of a sweep that are plotted


def wanted(asked: bool | None) -> bool:
    """Whether curves are plotted: as asked, or else on a terminal that is wide enough."""
    return asked if asked is not None else animated() and plot.fits()


def curve(curve: "Curve", points: "pd.DataFrame") -> None:
    """The centres of a curve on the axes that its figure has; nothing where there are none."""
    known = points[points["x"].notna()]
    texts = known[known["x_text"] != ""].drop_duplicates("x")
    names = {x: words("", text) for x, text in zip(texts["x"].tolist(), texts["x_text"], strict=True)}
    lines = [
        Line(str(name), part["x"].tolist(), part["centre"].tolist())
        for name, part in known.groupby("line", sort=False)
    ]  # fmt: skip
    x = Axis(curve.x, curve.x_logarithmic and not names, names)
    title = f"curve {curve.name}: {curve.centre} {curve.y} against {curve.x}"
    plot.plot(title, lines, x, Axis(str(curve.y), curve.y_scale == "log"))
