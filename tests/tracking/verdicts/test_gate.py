"""The gate: which trials make a line, which of them count, and what is refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support.made_up.claim_rows import Trial, claim, curves, judged, last, recorded, spread
from tests.support.made_up.claim_trials import widths
from tracking.common.errors import Refused
from tracking.verdicts.gate import Gated, gated
from tracking.verdicts.sentence import found_sentence


def lines(trials: list[Trial], name: str, **fields: Any) -> dict[str, Gated]:
    return {one.line.name: one for one in gated(recorded(trials), claim(name, **fields))}


def test_every_trial_is_counted_once_by_what_became_of_it() -> None:
    good = last({}, {"rank": [1.0, 2.0]})
    ugly = [Trial({}, {"rank": [np.nan]}), Trial({}, {"other": [1.0]})]
    lost = [Trial({}, {"rank": [1.0]}, state) for state in ("failed", "cancelled", "diverged", "running", "missing")]
    (one,) = lines([*good, *ugly, *lost], "bounded", y="rank", high=6).values()
    assert dict(one.counts) == {
        "planned": 9, "finished": 2, "not finite": 1, "unmeasured": 1, "failed": 2, "diverged": 1, "missing": 2,
    }  # fmt: skip
    assert (one.seeds, one.complete, [run.last("y") for run in one.line.runs]) == (2, False, [1.0, 2.0])


def test_lines_are_told_apart_by_all_that_varies_beside_x_and_seed() -> None:
    trials = [
        replace(t, settings={**t.settings, "optimizer.momentum": m, "net.batch_norm": bn})
        for t in widths([0.3, 0.2])
        for m in (0.0, 0.9)
        for bn in (True, False)
    ]
    found = lines(trials, "no_overfitting")
    assert set(found) == {
        "momentum 0, batch norm", "momentum 0, no batch norm",
        "momentum 0.9, batch norm", "momentum 0.9, no batch norm",
    }  # fmt: skip
    assert all(one.line.x == [10.0, 100.0] and len(one.line.runs) == 6 for one in found.values())


def test_what_a_claim_compares_does_not_split_its_lines() -> None:
    trials = [
        trial
        for name, rate in (("gd", 0.1), ("sgd", 0.01), ("adam", 0.001))
        for width in (2, 4)
        for trial in last(
            {"optimizer.name": name, "optimizer.learning_rate": rate, "net.width": width}, spread(0.5, seeds=2)
        )
    ]
    kinds = {"one": {"optimizer.name": "gd"}, "other": {"optimizer.name": "sgd"}}
    found = lines(trials, "agrees", **kinds, also=["optimizer.learning_rate"])
    assert set(found) == {"width 2", "width 4"}
    assert {run.arm for one in found.values() for run in one.line.runs} == {"one", "other"}


def test_trials_that_are_not_compared_do_not_count() -> None:
    sides = [*last({"optimizer.name": "gd"}, spread(0.5)), *last({"optimizer.name": "sgd"}, spread(0.5))]
    other = Trial({"optimizer.name": "adam"}, {}, "diverged")
    kinds = {"one": {"optimizer.name": "gd"}, "other": {"optimizer.name": "sgd"}}
    (one,) = lines([*sides, other], "agrees", **kinds).values()
    assert one.complete and one.counts["planned"] == 6


def test_a_condition_has_a_type() -> None:
    trials = [*last({"net.width": 2}, spread(0.5)), *last({"net.width": 4}, spread(0.5))]
    with pytest.raises(Refused):
        lines(trials, "agrees", one={"net.width": "2"}, other={"net.width": 4}, where={"net.width": "2"})


def test_a_cell_below_the_planned_seeds_is_not_complete_unless_fewer_are_enough() -> None:
    trials = [*last({"net.width": 2}, spread(0.5)), *last({"net.width": 4}, spread(0.5))]
    trials[-1] = replace(trials[-1], state="failed")
    for at_least, complete in ((None, False), (3, False), (2, True), (1, True)):
        found = lines(trials, "chance_error", at_least=at_least)
        assert [one.complete for one in found.values()] == [True, complete]


def test_only_what_is_looked_at_must_be_finite() -> None:
    risen = [{"rank": [np.inf, 2.0]}, {"rank": [1.0, 2.0]}]
    (one,) = lines(curves({}, *risen), "bounded", y="rank", high=6).values()
    assert one.complete
    (one,) = lines(curves({}, *risen), "bounded", y="rank", high=6, at="every").values()
    assert one.counts["not finite"] == 1 and not one.complete


def test_two_cells_at_one_place_are_refused() -> None:
    trials = [
        replace(t, settings={**t.settings, "data.train_size": t.settings["net.width"]}, values={
            **t.values, "parameters": [10.0]})
        for t in widths([0.3, 0.2])
    ]  # fmt: skip
    with pytest.raises(Refused, match="several cells at the same parameters"):
        lines(trials, "no_overfitting")


def test_what_is_not_recorded_is_refused_with_what_is() -> None:
    with pytest.raises(Refused, match="unknown recorded measure 'rnak', did you mean 'rank'"):
        lines(last({}, {"rank": [1.0, 2.0]}), "bounded", y="rnak", high=6)
    with pytest.raises(Refused, match="did you mean 'risk train'"):
        lines(last({}, {"risk train": [1.0]}), "bounded", y="risk", split="test", high=6)


def test_lines_of_values_that_are_written_alike_stay_apart() -> None:
    rates = (1e-7, 1.00000001e-7)
    trials = [trial for rate in rates for trial in last({"optimizer.learning_rate": rate}, {"rank": [1.0, rate]})]
    found = gated(recorded(trials), claim("bounded", y="rank", high=6))
    assert [len(one.line.runs) for one in found] == [2, 2]
    assert len({one.line.name for one in found}) == 1


def test_a_claim_on_what_is_derived_is_judged_on_it_and_open_where_a_trial_never_comes_there() -> None:
    shrinking = {"name": "monotone", "x": "n", "order": "falling", "points": 2, "y": {"gap": "error"}}
    gaps = [
        *last({"n": 1}, {"error test": spread(0.5), "error train": [0.1] * 3}),
        *last({"n": 2}, {"error test": spread(0.5), "error train": [0.4] * 3}),
    ]
    assert judged(gaps, **shrinking).verdict == "holds"
    first = {"first_step": {"measure": "error", "split": "train", "at_most": 0}}
    early, late = {"error train": [1.0, 0.0, 0.0]}, {"error train": [1.0, 1.0, 0.0]}
    fitted = [*curves({"n": 1}, late, late, late), *curves({"n": 2}, early, early, early)]
    assert judged(fitted, **{**shrinking, "y": first}).verdict == "holds"
    never = [*fitted, *curves({"n": 2}, {"error train": [1.0, 1.0, 1.0]})]
    found = judged(never, **{**shrinking, "y": first})
    assert (found.verdict, found.evidence["not reached"]) == ("not enough data", 1)


def test_every_layer_is_asked_of_each_network_for_the_layers_that_it_has() -> None:
    """Networks of different depths in one claim; one that lacks a layer of its own cell is not measured."""
    layers = {depth: {f"frobenius_norm  layer{i}": [1.0, 1.1] for i in range(depth)} for depth in (2, 3)}
    both = [{"net.depth": depth, "optimizer.learning_rate": 0.1} for depth in layers]
    risk = {"risk train": [1.0, 0.5]}
    trials = [t for s in both for t in curves(s, *({**risk, **layers[s["net.depth"]]},) * 2)]
    found = lines(trials, "balanced")
    assert {name: sorted(one.line.runs[0].series) for name, one in found.items()} == {
        "depth 2": ["norm/layer0", "norm/layer1", "risk"],
        "depth 3": ["norm/layer0", "norm/layer1", "norm/layer2", "risk"],
    }
    assert all(one.complete for one in found.values())
    lost = [*trials[:-1], replace(trials[-1], values={**risk, **layers[2]})]
    assert dict(lines(lost, "balanced")["depth 3"].counts) == {"planned": 2, "finished": 1, "unmeasured": 1}


def test_cells_at_the_same_x_are_told_apart_by_what_the_claim_compares() -> None:
    trials = [
        replace(t, settings={**t.settings, "data.label_noise": noise})
        for noise in (0.0, 0.2)
        for t in widths([0.3, 0.2], error_train=[0.1, 0.0])
    ]
    (one,) = lines(trials, "peak_grows").values()
    assert one.line.x == [10.0, 10.0, 100.0, 100.0]


def test_a_trial_that_has_not_reached_what_the_claim_asks_for_leaves_it_open() -> None:
    trials = widths([0.3, 0.2, 0.1], risk_train=[0.01, 0.005, 0.001])
    asked = {"y": "error", "split": "test", "order": "falling", "x": "net.width"}
    reached = {"measure": "risk", "split": "train", "at_most": 0.01}
    assert judged(trials, "monotone", **asked, reached=reached).verdict == "holds"
    found = judged(trials, "monotone", **asked, reached={**reached, "at_most": 0.005})
    assert (found.verdict, found.evidence["not reached"]) == ("not enough data", 3)
    assert found_sentence(found).endswith("; 6 trials, 0 seeds per cell.")
    assert str(found.evidence["criterion"]).endswith("of trials that end with train risk <= 0.005")
