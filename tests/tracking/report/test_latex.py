"""LaTeX tables: text is shown letter by letter, numbers have the digits that their bands support."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.made_up.made_up_frames import SEEDS, WIDTHS, recorded
from tracking.analysis.aggregate import both
from tracking.analysis.specs.curve_spec import Curve
from tracking.plotting.kinds.panels import Part
from tracking.report.latex import escaped, table, value


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((0.5, 0.4, 0.6), r"$0.50 \pm 0.10$"),
        ((0.5, 0.31, 0.64), r"$0.50\;[0.31, 0.64]$"),
        ((1234.5, 1200.0, 1269.0), r"$1234 \pm 34$"),
        ((0.5, math.nan, math.nan), "$0.5$"),
        ((3.0, 3.0, 3.0), "$3$"),
        ((math.nan, math.nan, math.nan), "--"),
        ((1e-9, 0.5e-9, 1.5e-9), r"$1 \times 10^{-9}\;[5 \times 10^{-10}, 1.5 \times 10^{-9}]$"),
    ],
)
def test_a_number_with_its_band(numbers: tuple[float, float, float], shown: str) -> None:
    assert value(*numbers) == shown


@given(st.text(max_size=30))
def test_any_text_is_balanced_and_has_no_bare_special_character(text: str) -> None:
    shown = escaped(text)
    bare = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater)\{\}|\\[&%$#_{}]", "", shown)
    assert not set(bare) & set("&%$#_{}\\~^\n")


def test_every_point_is_a_line() -> None:
    curve = Curve(name="a_b", x="net.width", y="error")
    found = recorded({"net.width": list(WIDTHS)}, states={(0, seed): "missing" for seed in range(SEEDS)})
    points, single = both(found, curve, ["net.width"])
    text = table(Part(curve, points, single), "50% of $x$")
    rows = [line for line in text.splitlines() if line.endswith(r"\\") and line.startswith(("train", "test"))]
    assert len(rows) == len(points) and sum(" & -- & " in row for row in rows) == 2
    assert r"\caption{50\% of \$x\$. Band: 95\% interval of the mean; n seeds.}" in text
