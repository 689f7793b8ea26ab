"""What is derived from measures is derived in every trial, and averaged over seeds then."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tests.support.made_up.made_up_frames import SEEDS, STEPS, WIDTHS, recorded
from tracking.analysis.aggregate import aggregate, values
from tracking.analysis.frame import Frame
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.quantity import Derived, bounds, named
from tracking.analysis.statistics.intervals import ANY, POSITIVE, SHARE, Bounds

AXES = {"net.width": list(WIDTHS)}
FITTED = {"first_step": {"measure": "error", "split": "train", "at_most": 0.5}}


def falling(settings: dict[str, Any], seed: int, step: int, split: str) -> float:
    """Training error 0.9 - 0.1 seed - 0.1 step, below 0.5 from step 4 - seed on; test error half as far from 1."""
    error = 0.9 - 0.1 * seed - 0.1 * step
    return error if split == "train" else (1 + error) / 2


def of_seeds(frame: Frame, quantity: Any, **fields: Any) -> "pd.Series[float]":
    """The values of single trials by width and seed."""
    curve = Curve(name="a", x="net.width", y=quantity, **fields)
    found: pd.Series[float] = values(frame, curve, list(AXES)).set_index(["x", "seed"])["value"]
    return found


def points(frame: Frame, quantity: Any, **fields: Any) -> pd.DataFrame:
    return aggregate(frame, Curve(name="a", x="net.width", y=quantity, **fields), list(AXES))


def test_a_gap_is_test_minus_train_of_each_trial() -> None:
    frame = recorded(AXES)
    test, train = (of_seeds(frame, "error", split=split) for split in ("test", "train"))
    pd.testing.assert_series_equal(of_seeds(frame, {"gap": "error"}), test - train, check_names=False)
    assert points(frame, {"gap": "error"})["split"].unique().tolist() == [""]


def test_a_ratio_is_divided_by_seed_before_it_is_averaged() -> None:
    frame = recorded(AXES)
    norm = of_seeds(frame, "norm", layer="fc")
    error = of_seeds(frame, "error", split="test")
    ratio = {"ratio": ["error", {"measure": "norm", "layer": "fc"}]}
    pd.testing.assert_series_equal(of_seeds(frame, ratio, split="test"), error / norm, check_names=False)
    means = points(frame, ratio, split="test")["centre"].to_numpy()
    assert np.allclose(means, (error / norm).groupby("x").mean())
    assert not np.allclose(means, error.groupby("x").mean() / norm.groupby("x").mean(), rtol=1e-3)


def test_product_and_difference_go_split_by_split_and_layer_by_layer() -> None:
    frame = recorded(AXES)
    product = points(frame, {"product": ["error", "norm"]})
    assert set(zip(product["split"], product["layer"], strict=True)) == {
        (split, layer) for split in ("train", "test") for layer in ("conv1", "fc")
    }
    zero = points(frame, {"difference": [{"gap": "error"}, {"difference": [TEST, TRAIN]}]})
    assert np.allclose(zero["centre"], 0)


TEST, TRAIN = {"measure": "error", "split": "test"}, {"measure": "error", "split": "train"}


def test_the_first_step_is_that_at_which_a_condition_holds_first_and_who_never_comes_there_is_counted() -> None:
    found = points(recorded(AXES, falling), FITTED)
    assert found["n"].tolist() == [4] * 3 and found["not_reached"].tolist() == [1] * 3  # seed 0 would need step 4
    assert found["centre"].tolist() == [np.mean([3, 2, 1, 0])] * 3
    assert (found[["missing", "not_finite", "diverged"]] == 0).all(axis=None)
    at_least = points(recorded(AXES, falling), {"first_step": {"measure": "error", "split": "train", "at_least": 0.5}})
    assert at_least["centre"].tolist() == [0.0] * 3 and at_least["not_reached"].tolist() == [0] * 3


def test_a_ratio_of_first_steps_is_not_reached_where_either_is_not() -> None:
    later = {"first_step": {"measure": "error", "split": "train", "at_most": 0.35}}
    found = points(recorded(AXES, falling), {"ratio": [later, FITTED]})
    assert found["not_reached"].tolist() == [3] * 3  # seeds 0, 1 and 2 never come to 0.35
    assert found["not_finite"].tolist() == [1] * 3  # seed 4 is at 0.5 at step 0 already
    assert found["centre"].tolist() == [3.0] * 3


def test_trials_without_an_end_are_counted_as_for_any_measure() -> None:
    states = {(0, 1): "diverged", (1, 0): "missing", (2, 2): "failed"}
    found = points(recorded(AXES, falling, states), FITTED)
    assert (found["finished"] + found["diverged"] + found["failed"] + found["missing"]).tolist() == [SEEDS] * 3
    assert (found["n"] + found["not_finite"] + found["not_reached"] == found["finished"]).all()


@pytest.mark.parametrize("quantity", [{"gap": "error"}, {"ratio": ["error", "parameters"]}])
def test_every_step_has_its_value(quantity: Any) -> None:
    curve = Curve(name="a", x="step", y=quantity, where={"net.width": 2})
    assert set(aggregate(recorded(AXES), curve, list(AXES))["x"]) == set(STEPS)


@pytest.mark.parametrize(
    ("quantity", "words", "within"),
    [
        ({"gap": "error"}, "test - train error", ANY),
        (FITTED, "first step with train error <= 0.5", POSITIVE),
        ({"ratio": ["risk", {"gap": "error"}]}, "risk / (test - train error)", ANY),
        ({"product": ["risk", "norm"]}, "risk x norm", POSITIVE),
    ],
)
def test_what_is_derived_has_a_name_and_bounds(quantity: Any, words: str, within: Bounds) -> None:
    derived = Derived.model_validate(quantity)
    assert (str(derived), bounds(derived, {"risk": POSITIVE, "norm": POSITIVE, "error": SHARE})) == (words, within)
    assert named(derived, "test").removeprefix("test ") in (words, words.removeprefix("test "))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"y": {}}, "exactly one of measure, gap"),
        ({"y": {"gap": "error", "ratio": ["a", "b"]}}, "got gap and ratio"),
        ({"y": {"gap": "error", "split": "test"}}, "split and layer go with measure"),
        ({"y": {"first_step": {"measure": "error"}}}, "needs at_most or at_least"),
        ({"y": {"measure": "error"}}, "write the measure alone"),
        ({"y": {"gap": "error"}, "split": "test"}, "leave split out"),
        ({"y": FITTED, "x": "step"}, "x cannot be step"),
        ({"y": FITTED, "at": "best"}, "at is left out"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Curve(**{"name": "a", "x": "net.width", **fields})
