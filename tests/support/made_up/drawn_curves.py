"""Figures of curves over made-up frames, and what is read of them: lines and words."""

from typing import Any

import matplotlib
import pandas as pd
from matplotlib.text import Text

from tests.support.made_up.made_up_frames import BOUNDS, WIDTHS, recorded
from tracking.analysis.aggregate import aggregate, single
from tracking.analysis.frame import Frame
from tracking.analysis.specs.curve_spec import Curve
from tracking.plotting.kinds.curve_figure import figure
from tracking.plotting.style.labels import Caption
from tracking.plotting.style.style import style

ABOUT = Caption("Error against width", "Memo 90", "handwritten digits", "epoch", bounds=BOUNDS)
VARIED = ["net.batch_norm", "net.width"]


def everything(states: dict[tuple[int, int], str] | None = None) -> Frame:
    return recorded({"net.batch_norm": [True, False], "net.width": list(WIDTHS)}, states=states)


def drawn(curve: Curve, found: Frame) -> tuple[Any, pd.DataFrame, pd.DataFrame]:
    table, seeds = aggregate(found, curve, VARIED), single(found, curve, VARIED)
    with matplotlib.rc_context(style()):
        return figure(curve, table, seeds, ABOUT), table, seeds


def lines(fig: Any, gid: str) -> list[Any]:
    return [line for line in fig.axes[0].lines if line.get_gid() == gid]


def words(fig: Any) -> str:
    return "\n".join(t.get_text() for t in fig.findobj(Text)).replace("\\$", "$")
