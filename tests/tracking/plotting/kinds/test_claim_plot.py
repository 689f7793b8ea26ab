"""A claim plot shows the estimate of every claim with its interval, and what is asked for beside it."""

import matplotlib
import pytest

from tracking.common.errors import Refused
from tracking.plotting.kinds.claim_plot import ClaimPlot, Row, figure, rows
from tracking.plotting.style.labels import Caption
from tracking.plotting.style.style import style

PLOT = ClaimPlot(name="tau", claim="ranks_granulated", estimate="granulated", beside=("worst", "kendall"), reference=0)
EVIDENCE = [
    ("norm", {"granulated": -0.2, "granulated_ends": [-0.3, -0.1], "worst": -1.0, "kendall": 0.25}),
    ("sharpness", {"granulated": 0.5, "granulated_ends": [0.25, 0.75], "worst": 0.0}),
    ("one seed", {"lacking": "two seeds", "seeds": 1}),
]


def test_the_largest_estimate_is_first_and_claims_without_one_are_left_out() -> None:
    assert rows(PLOT, EVIDENCE) == [
        Row("sharpness", 0.5, 0.25, 0.75, (0.0, None)),
        Row("norm", -0.2, -0.3, -0.1, (-1.0, 0.25)),
    ]


def test_no_estimate_at_all_is_refused() -> None:
    with pytest.raises(Refused, match="no claim ranks_granulated has granulated with an interval"):
        rows(PLOT, EVIDENCE[2:])


def test_each_row_has_its_estimate_its_interval_and_its_marks() -> None:
    with matplotlib.rc_context(style()):
        axes = figure(PLOT, rows(PLOT, EVIDENCE), Caption("Measures")).axes[0]
    marks = {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines() if line.get_gid()}
    assert marks == {"granulated": [[0.5, 0], [-0.2, 1]], "worst": [[0.0, 0], [-1.0, 1]], "kendall": [[0.25, 1]]}
    (bars,) = (c for c in axes.collections if c.get_gid() == "band")
    assert [segment[:, 0].tolist() for segment in bars.get_segments()] == [[0.25, 0.75], [-0.3, -0.1]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["sharpness", "norm"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first row is on top"
