"""Differences of curves of two sweeps: paired by seed or not, never called equal, and nothing is left out unsaid."""

import math
from typing import Any

import numpy as np
import pytest

from tests.support.made_up.made_up_frames import SEEDS, WIDTHS, noisy, recorded
from tracking.analysis.aggregate import both
from tracking.analysis.compare import Compared, Side, compare, grouped, lines_by, together
from tracking.analysis.frame import Frame
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.statistics import intervals
from tracking.analysis.statistics.intervals import SHARE

CURVE = Curve(name="a", x="net.width", y="error", split="test")
WIDTH = {"net.width": list(WIDTHS)}


def better(settings: dict[str, Any], seed: int, step: int, split: str) -> float:
    """Lower than `noisy` by 0.05 and a little of each seed's own."""
    return max(noisy(settings, seed, step, split) - 0.05 - 0.001 * seed, 0.0)


def side(found: Frame, label: str = "x", curve: Curve = CURVE, store: str = "", seeds: int = 0) -> Side:
    """`seeds`: added to each seed of the frame."""
    frame = found.having(found.trials.assign(seed=found.trials["seed"] + seeds))
    return Side(label, *both(frame, curve, ["net.width", "net.batch_norm"], few=False), store or label, frame.bounds)


def of(*sides: Side, curve: Curve = CURVE, group: tuple[str, ...] = ()) -> Compared:
    return compare(curve, sides, group)


def errors(value: Any, width: int) -> list[float]:
    return [value({"net.width": width}, seed, 3, "test") for seed in range(SEEDS)]


def test_seeds_that_both_have_are_paired() -> None:
    found = of(side(recorded(WIDTH)), side(recorded(WIDTH, better), "y")).table
    assert found["x"].tolist() == list(WIDTHS) and set(found["how"]) == {"paired"} and set(found["n"]) == {SEEDS}
    for row in found.itertuples():
        expected = intervals.paired(errors(better, int(row.x)), errors(noisy, int(row.x)), SHARE)
        assert (row.difference, row.low, row.high) == (expected.centre, expected.low, expected.high)
        assert row.difference == pytest.approx(row.other_mean - row.first_mean)
    assert set(found["found"]) == {"lower"}


def test_other_seeds_are_taken_as_independent() -> None:
    found = of(side(recorded(WIDTH)), side(recorded(WIDTH, better), "y", seeds=SEEDS)).table
    assert set(found["how"]) == {"Welch"}
    for row in found.itertuples():
        expected = intervals.difference(errors(better, int(row.x)), errors(noisy, int(row.x)), SHARE)
        assert (row.difference, row.low, row.high) == (expected.centre, expected.low, expected.high)
    assert set(found["found"]) == {"undecided"}  # the seeds differ by more than 0.05


def test_only_the_seeds_that_both_have_are_compared() -> None:
    found = of(side(recorded(WIDTH)), side(recorded(WIDTH, better), "y", seeds=2)).table
    assert set(found["n"]) == {SEEDS - 2} and set(found["n_first"]) == {SEEDS}
    expected = np.mean([noisy({"net.width": 2}, seed, 3, "test") for seed in range(2, SEEDS)])
    assert found["first_mean"].iloc[0] == pytest.approx(expected)


@pytest.mark.parametrize("seeds", [0, 2, SEEDS])
def test_the_other_way_round_every_difference_changes_its_sign(seeds: int) -> None:
    one, two = side(recorded(WIDTH)), side(recorded(WIDTH, better), "y", seeds=seeds)
    there, back = of(one, two).table, of(two, one).table
    assert np.allclose(there["difference"], -back["difference"]) and np.allclose(there["low"], -back["high"])
    swapped = {"lower": "higher", "undecided": "undecided"}
    assert [swapped[word] for word in there["found"]] == back["found"].tolist()


def test_the_same_numbers_are_undecided_and_counted() -> None:
    found = of(side(recorded(WIDTH)), side(recorded(WIDTH), "y")).table
    assert set(found["found"]) == {"undecided"} and found["same"].tolist() == [SEEDS] * len(WIDTHS)


def test_differences_that_are_all_equal_decide_nothing() -> None:
    """Errors are counted on a few examples, and two seeds agree by coincidence."""
    found = of(side(recorded(WIDTH, lambda *_: 0.5)), side(recorded(WIDTH, lambda *_: 0.25), "y")).table
    assert set(found["difference"]) == {-0.25} and set(found["found"]) == {"undecided"}


def test_one_seed_has_no_interval() -> None:
    alone = {(cell, seed): "missing" for cell in range(3) for seed in range(1, SEEDS)}
    found = of(side(recorded(WIDTH)), side(recorded(WIDTH, better, alone), "y")).table
    assert found["low"].isna().all() and set(found["found"]) == {"undecided"} and set(found["how"]) == {"none"}
    assert found["left_out_other"].tolist() == [SEEDS - 1] * 3 and not found["left_out_first"].any()


def test_a_trial_is_not_compared_with_itself() -> None:
    more = {(cell, seed): "missing" for cell in range(3) for seed in (3, 4)}
    one, two = recorded(WIDTH, states=more), recorded(WIDTH)
    found = of(side(one, store="runs"), side(two, "y", store="runs")).table
    assert set(found["found"]) == {"same trials"} and found["difference"].isna().all()
    for column, seeds in (
        ("first_mean", 3),
        ("other_mean", SEEDS),
    ):  # of all that either has
        expected = np.mean([noisy({"net.width": 2}, seed, 3, "test") for seed in range(seeds)])
        assert found[column].iloc[0] == pytest.approx(expected)
    elsewhere = of(side(one), side(two, "y")).table
    assert set(elsewhere["how"]) == {"paired"} and set(elsewhere["same"]) == {3}


def test_values_that_are_not_finite_are_left_out_and_counted() -> None:
    def broken(settings: dict[str, Any], seed: int, *_: Any) -> float:
        return math.inf if seed == 0 else 0.5 + 0.01 * seed

    found = of(side(recorded(WIDTH)), side(recorded(WIDTH, broken), "y")).table
    assert set(found["n"]) == {SEEDS - 1} and set(found["left_out_other"]) == {1}
    assert np.isfinite(found[["difference", "low", "high"]].to_numpy()).all()


def test_what_has_no_counterpart_is_said() -> None:
    wide = recorded({"net.width": [16, 32]})
    found = of(side(recorded(WIDTH)), side(wide, "y"))
    assert found.table.empty
    assert found.notes == ("line 'test': no common x: x has 2 to 8 (3 values), y 16 to 32 (2 values)",)
    part = of(side(recorded(WIDTH)), side(recorded({"net.width": [4, 64]}), "y"))
    assert part.table["x"].tolist() == [4] and part.notes == ()


def test_a_line_is_found_by_its_settings_also_where_they_do_not_vary() -> None:
    varied, fixed = recorded({"net.batch_norm": [True, False], **WIDTH}), recorded({"net.batch_norm": [False], **WIDTH})
    names = ["net.width", "net.batch_norm"]
    group = lines_by([varied, fixed], [CURVE, CURVE], [names, names])
    assert group == ("net.batch_norm",)
    sides = [side(f, label, grouped(CURVE, f, group)) for f, label in ((varied, "x"), (fixed, "y"))]
    found = of(*sides, group=group)
    assert set(found.table["line"]) == {"no batch norm"} and set(found.table["same"]) == {SEEDS}
    assert found.notes == ("line 'batch norm' of x has none like it in y",)
    drawn = together([(one.label, one.points) for one in sides], group)
    assert drawn["line"].unique().tolist() == ["x, batch norm", "x, no batch norm", "y, no batch norm"]


def test_values_without_an_order_are_matched_by_what_they_are() -> None:
    def of_loss(names: list[str]) -> Frame:
        return recorded({"loss": names, "net.width": [2]})

    curve = Curve(name="a", x="loss", y="error", split="test")
    sides = [side(of_loss(names), label, curve) for names, label in ((["hinge", "square"], "x"), (["square"], "y"))]
    assert [side.points["x"].tolist() for side in sides] == [[0, 1], [0]]
    found = of(*sides, curve=curve).table
    assert found["x_text"].tolist() == ["square"] and set(found["same"]) == {SEEDS}
    drawn = together([(one.label, one.points) for one in sides], ())
    assert dict(zip(drawn["x_text"], drawn["x"], strict=True)) == {"hinge": 0, "square": 1}


def test_every_sweep_is_compared_with_the_first() -> None:
    found = of(side(recorded(WIDTH)), side(recorded(WIDTH, better), "y"), side(recorded(WIDTH), "z")).table
    assert found[["first", "other"]].drop_duplicates().to_numpy().tolist() == [["x", "y"], ["x", "z"]]
    assert len(found.to_json(orient="records")) > 0
