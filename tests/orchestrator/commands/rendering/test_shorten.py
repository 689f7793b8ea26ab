"""Which points of a curve a terminal shows: the ends and the extremes always, and no more than can be read."""

import numpy as np
import pandas as pd
import pytest

from orchestrator.commands.rendering.shorten import MOST, ROWS, shorten


def curve(lines: int, points: int) -> pd.DataFrame:
    values = np.random.default_rng(lines * points).random((lines, points))
    return pd.DataFrame(
        {
            "line": np.repeat([f"line {i}" for i in range(lines)], points),
            "x": np.tile(np.arange(points), lines),
            "centre": values.ravel(),
        }
    )


@pytest.mark.parametrize(("lines", "points"), [(1, 1), (1, MOST), (2, 60), (6, 200), (12, 3)])
def test_the_ends_and_the_extremes_of_every_line_are_shown(lines: int, points: int) -> None:
    whole = curve(lines, points)
    short = shorten(whole, "centre", full=False)
    assert len(short.rows) <= max(ROWS, lines * 4)
    for name, part in whole.groupby("line"):
        shown = short.rows[short.rows["line"] == name]
        ends = {
            part["x"].iloc[0],
            part["x"].iloc[-1],
            *part.loc[[part["centre"].idxmin(), part["centre"].idxmax()], "x"],
        }
        assert ends <= {*shown["x"]} and len(shown) <= MOST and shown["x"].is_monotonic_increasing
    assert (short.said == "") == (len(short.rows) == len(whole))


def test_few_points_and_all_of_them_are_shown_as_they_are() -> None:
    small, large = curve(2, 5), curve(3, 500)
    assert shorten(small, "centre", full=False).rows.equals(small)
    full = shorten(large, "centre", full=True)
    assert full.rows.equals(large) and full.said == ""


def test_what_is_left_out_is_counted() -> None:
    assert shorten(curve(2, 60), "centre", full=False).said == "16 of 120 points; --full shows all"
    many = shorten(curve(100, 9), "centre", full=False)
    assert many.said == "24 of 100 lines, 48 of 900 points; --full shows all"


def test_values_that_are_not_finite_are_no_extremes() -> None:
    whole = curve(1, 50)
    whole.loc[[3, 7], "centre"] = [np.nan, np.inf]
    assert not {3, 7} <= {*shorten(whole, "centre", full=False).rows["x"]}
