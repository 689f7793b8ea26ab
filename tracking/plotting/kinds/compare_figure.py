"""Draws one curve of several sweeps into one set of axes; the legend names the sweep of each line."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tracking.analysis.compare import Side, together
from tracking.analysis.reduce import few_enough
from tracking.analysis.specs.curve_spec import Curve
from tracking.plotting.kinds import curve_figure
from tracking.plotting.style.labels import Caption

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure(
    curve: Curve, sides: Sequence[Side], group: Sequence[str], captions: Sequence[Caption], codes: Sequence[str]
) -> "Figure":
    """The figure of one curve; `captions`: what each sweep's own figure would say; `codes`: the versions of
    the code, where there are several."""
    points = together([(side.label, side.points) for side in sides], group)
    values = together([(side.label, side.values) for side in sides], group)
    single = values if few_enough(values) else values.head(0)
    return curve_figure.figure(curve, points, single, _of_all(captions, codes))


def _of_all(captions: Sequence[Caption], codes: Sequence[str]) -> Caption:
    """Titles, sources and data of all sweeps, each once."""
    title, source, data = (
        " / ".join(dict.fromkeys(filter(None, texts)))
        for texts in zip(*((one.title, one.source, one.data) for one in captions), strict=True)
    )
    return replace(captions[0], title=title, source=source, data=data, codes=tuple(codes))
