"""Scatter plots say how their marks are ordered; references are the values that they are given as."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from tests.support.made_up.drawn_curves import drawn, everything, lines, words
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.statistics.correlation import AnyCoefficient, of_points


def test_a_scatter_plot_says_how_its_marks_are_ordered_in_all_and_within_each_group() -> None:
    curve = Curve(name="a", x="parameters", y="error", split="test", points=True, group="net.batch_norm")
    fig, table, _ = drawn(curve, everything({(0, 0): "diverged"}))
    shown = table[table["centre"].notna()]
    tau = kendalltau(shown["x"], shown["centre"]).statistic
    within = [kendalltau(part["x"], part["centre"]).statistic for _, part in shown.groupby("legend", sort=False)]
    said = " ".join(words(fig).split())
    assert f"A mark for each of {len(shown)} trials." in said and "1 diverged" in said
    assert f"Kendall's rank correlation: {tau:.2f} (95% interval" in said and f"{len(shown)} trials)" in said
    assert f"within batch norm {within[0]:.2f}, no batch norm {within[1]:.2f}." in said


@pytest.mark.parametrize("coefficient", ["kendall", "pearson"])
def test_a_correlation_that_is_asked_for_stands_among_the_marks(coefficient: AnyCoefficient) -> None:
    curve = Curve(name="a", x="parameters", y="error", split="test", points=True, correlation=coefficient)
    fig, table, _ = drawn(curve, everything())
    found = of_points(table["x"].to_numpy(float), table["centre"].to_numpy(float), coefficient)
    assert found is not None
    (said,) = [text.get_text() for text in fig.axes[0].texts if text.get_gid() == "correlation"]
    assert said.endswith(f"= {found.centre:.2f} ({found.low:.2f} to {found.high:.2f})")
    assert "In brackets: the 95% interval" in " ".join(words(fig).split())
    assert "rank correlation:" not in words(fig)


def test_a_reference_is_one_line_or_one_for_each_line_that_it_differs_between() -> None:
    constant, _, _ = drawn(Curve(name="a", x="net.width", y="error", reference=0.5), everything())
    (line,) = lines(constant, "reference")
    assert set(line.get_ydata()) == {0.5} and "0.5" in words(constant)
    along, _, _ = drawn(
        Curve(name="a", x="net.width", y="error", reference={"value": 1, "over": "net.width"}), everything()
    )
    (line,) = lines(along, "reference")
    assert np.array_equal(line.get_ydata(), 1 / line.get_xdata()) and "1 / width" in words(along)
    by_line, table, _ = drawn(
        Curve(name="a", x="step", y="error", split="test", reference={"value": 1, "over": "net.width"}), everything()
    )
    assert [line.get_ydata()[0] for line in lines(by_line, "reference")] == [
        part["reference"].iloc[0] for _, part in table.groupby("line", sort=False)
    ]
