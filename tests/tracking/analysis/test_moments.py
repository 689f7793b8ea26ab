"""The step of a trial that a curve shows: first, last, best, a given one, and that of equal training risk."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tests.support.made_up.claim_rows import curves, recorded
from tracking.analysis.aggregate import aggregate
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.quantity import Quantity

RISKS = [[4.0, 2.0, 1.0, 0.5], [8.0, 4.0, 2.0, 1.0], [2.0, 1.0, 0.5, 0.25]]
ERRORS = [[0.9, 0.2, 0.3, 0.4], [0.9, 0.5, 0.1, 0.4], [0.9, 0.8, 0.7, 0.0]]


NORMS = [0.0, 1.0, 2.0, 3.0]  # the step itself
FRAME = recorded(
    curves({"n": 1}, *({"risk train": r, "error test": e, "norm": NORMS} for r, e in zip(RISKS, ERRORS, strict=True)))
)


def found(y: Quantity = "error", x: str = "n", **fields: Any) -> pd.DataFrame:
    return aggregate(FRAME, Curve(name="a", x=x, y=y, band="none", **fields), ["n"])


@pytest.mark.parametrize(
    ("at", "mean"), [("first", 0.9), (0, 0.9), (2, np.mean([0.3, 0.1, 0.7])), ("last", np.mean([0.4, 0.4, 0.0])),
                     ("best", np.mean([0.2, 0.1, 0.0]))],
)  # fmt: skip
def test_one_step_of_every_trial(at: Any, mean: float) -> None:
    table = found(at=at)
    assert table["centre"].tolist() == pytest.approx([mean]) and table["at"].tolist() == [str(at)]


def test_a_measure_without_a_test_split_is_best_where_the_test_error_is() -> None:
    assert found("norm", at="best")["centre"].tolist() == pytest.approx([np.mean([1, 2, 3])])


def test_a_step_that_no_trial_has_is_not_reached() -> None:
    table = found(at=9)
    assert (table["n"].tolist(), table["not_reached"].tolist(), table["missing"].tolist()) == ([0], [3], [0])


def test_matched_is_where_the_training_risk_first_falls_to_the_lowest_level_that_all_reach() -> None:
    table = found("norm", at="matched")  # risk 1 is reached at steps 2, 3 and 1
    assert table["at"].tolist() == ["risk 1"]
    assert table["centre"].tolist() == pytest.approx([np.mean([2, 3, 1])])


def test_matched_at_a_given_risk_is_interpolated_in_its_logarithm_and_counts_who_never_comes_there() -> None:
    half = found("norm", at="matched", matched_risk=2**-0.5)  # half of the way from 1 to 0.5
    assert half["centre"].tolist() == pytest.approx([np.mean([2.5, 1.5])])
    assert half["not_reached"].tolist() == [1]


def test_a_measure_along_x_is_taken_at_the_matched_step_too() -> None:
    scatter = found("error", x="norm", at="matched", points=True)
    assert sorted(zip(scatter["x"], scatter["centre"], strict=True)) == [(1.0, 0.8), (2.0, 0.3), (3.0, 0.4)]


def test_a_risk_belongs_to_matched() -> None:
    with pytest.raises(ValidationError, match="goes with at: matched"):
        Curve(name="a", x="n", y="error", matched_risk=0.1)
