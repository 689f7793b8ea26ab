"""Rows on which a claim once said what is not so: each kind that was found, with the verdict that is right."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support.made_up.claim_cases import FALLS, MATCHED, ORDERED, SETTLES, SGD_GD, SLOPE
from tests.support.made_up.claim_rows import Trial, curves, judged, last, spread
from tests.support.made_up.claim_trials import (
    arms,
    growing,
    layers,
    margins,
    networks,
    noise,
    normalised,
    optimizers,
    perturbed,
    random_labels,
    risks,
    sizes,
    widths,
)

INF = float("inf")
NAN = float("nan")


def told(trials: list[Trial], name: str, **fields: Any) -> str:
    return judged(trials, name, **fields).verdict


def test_infinite_risks_are_counted_and_never_passed_over() -> None:
    found = judged(last({}, {"risk test": [INF, INF, 8.16]}), "bounded", y="risk", split="test", high=1e15)
    assert found.verdict == "not enough data"
    assert (found.evidence["not finite"], found.evidence["trials"]) == (2, 1)
    assert "2 have values that are not finite" in str(found.evidence["not_enough"])


@pytest.mark.parametrize("value", [INF, -INF, NAN])
def test_an_axis_that_ends_in_no_number_is_no_shape(value: float) -> None:
    ends = widths([2.0, 1.0, value])
    falls = [*last({"n": 1}, [3.0, 3.1]), *last({"n": 2}, [2.0, 2.1]), *last({"n": 3}, [value, value])]
    assert told(ends, "no_overfitting") == "not enough data"
    assert told(falls, "monotone", x="n", y="error", split="test", order="falling", points=2) == "not enough data"
    assert told(risks([1, 3, value, 1], [1] * 4, [0.5, 0.0, 0.0, 0.0]), "threshold_peak") == "not enough data"
    assert told(risks([1, 3, value], [1] * 3, [0.5, 0.0, 0.0]), "risk_overfits") == "not enough data"
    assert told(optimizers([0.5, 0.5, 0.51], [0.5, value, 0.5]), "agrees", **SGD_GD) == "not enough data"
    assert told(arms([0.1, 0.6, 0.6, value], [0.1, 0.6, 0.6, 0.6]), "exceeds_control") == "not enough data"
    assert told(layers(3.0, 4.0, value), "ordered_along", **ORDERED) == "not enough data"
    norms = {"norm": [1.0, 2.0, value, 4.0], "error train": [0.0] * 4}
    assert told(curves({}, norms, norms), "rises_once_fitted") == "not enough data"


@pytest.mark.parametrize("shape", [[1, 2, 3, 4], [4, 3, 2, 1]])
def test_a_peak_is_higher_than_both_ends(shape: list[float]) -> None:
    assert told(risks(shape, [1] * 4, [0.5, 0.1, 0.0, 0.0]), "threshold_peak") == "fails"


def test_a_constant_has_no_peak() -> None:
    noisy = risks([2, 2, 2, 2], [1] * 4, [0.5, 0.1, 0.0, 0.0])
    exact = [replace(t, values={**t.values, "risk test": [2.0]}) for t in noisy]
    assert (told(noisy, "threshold_peak"), told(exact, "threshold_peak")) == ("not enough data", "fails")


def test_a_norm_that_falls_does_not_grow() -> None:
    assert told(noise([10.0, 8.0], counts=(0, 1)), "norm_grows") == "fails"
    assert told(noise([10.0, 10.9, 10.2, 11.0], counts=(0, 1, 2, 3)), "norm_grows") == "fails"


@pytest.mark.parametrize(
    "law", [lambda t: 1.9 * t / 40, lambda t: 2.0 * (t > 25), lambda t: 1.6 * (t / 40) ** 2], ids=["t", "a step", "t^2"]
)
def test_a_slope_is_no_logarithm(law: Any) -> None:
    steps = np.arange(12, 40)
    slope = float(np.polyfit(np.log(steps), [law(t) for t in steps], 1)[0])
    found = judged(margins(law), "log_rate", low=slope - 0.2, high=slope + 0.2)
    assert found.verdict == "fails", found.evidence


def test_one_outlier_is_no_line_and_equal_points_are_none() -> None:
    falling = [2.0 - i / 200 for i in range(15)]
    x = [2 + i / 100 for i in range(15)]
    assert told(normalised([*falling, 900.0], x=[*x, 800.0]), "linear_relation", **MATCHED) == "fails"
    assert told(normalised([2.0] * 16, x=[2.0] * 16), "linear_relation", **MATCHED) == "not enough data"


def test_a_gap_of_the_other_sign_is_a_gap() -> None:
    assert told(sizes([0.25, 0.1], [0.2, 0.5]), "gap_shrinks") == "fails"
    assert told(sizes([0.6, 0.45], [0.2, 0.5]), "gap_shrinks") == "holds"


def test_more_data_is_judged_by_the_sizes_there_are() -> None:
    assert told(sizes([0.8, 0.4, 0.1], at=(50, 200, 800)), "more_data_helps") == "holds"
    assert told(sizes([0.8, 0.75, 0.7], at=(50, 200, 800)), "more_data_helps") == "fails"


def test_each_trial_settles_at_its_own_end() -> None:
    short = curves({}, {"norm": [1.0, 7.0, 7.0]}, steps=(0, 60, 80))
    long = curves({}, {"norm": [1.0, 7.0, 7.0, 7.0]}, steps=(0, 60, 80, 100))
    assert told([*short, *long], "settles", **SETTLES) == "holds"


def test_ignorance_is_no_agreement() -> None:
    assert told(optimizers([0.1, 0.9], [0.5, 0.5]), "agrees", **SGD_GD) == "not enough data"
    wide = optimizers(spread(0.6615, 0.02), spread(0.65, 0.02))
    assert told(wide, "agrees", **SGD_GD, tolerance=0.02) == "not enough data"
    assert told(widths([0.5]) + last({"net.width": 4}, {"error test": [0.1, 0.9], "parameters": [99.0] * 2}),
                "no_overfitting") == "not enough data"  # fmt: skip


def test_two_equal_values_are_no_interval() -> None:
    assert told(last({}, [0.9, 0.9]), "chance_error") == "not enough data"
    assert told(growing(0.1, 0.1), "grows_between", y="risk", since=10) == "not enough data"


def test_two_standard_errors_of_two_seeds_are_not_enough() -> None:
    """Growth 1 +- 0.3 is three standard errors, and t with one degree of freedom asks for 12.7."""
    assert told(growing(0.7, 1.3), "grows_between", y="risk", since=10) == "not enough data"
    norms = last({}, {"norm": [20.0, 20.2], "expected_norm": [20.0] * 2})
    assert told(norms, "as_expected", tolerance=0.01) == "not enough data"


def test_every_line_is_judged_for_itself() -> None:
    def of(loss: str, end: float) -> list[Trial]:
        trials = arms([0.1, 0.6, 0.6, end], [0.1, 0.6, 0.6, 0.6])
        return [replace(t, settings={**t.settings, "loss": loss}) for t in trials]

    pooled = [*of("A", 0.59), *of("B", 0.9)]
    found = judged(pooled, "exceeds_control")
    assert found.verdict == "fails"
    assert (found.evidence["A: verdict"], found.evidence["B: verdict"]) == ("fails", "holds")
    crossing = [
        replace(t, settings={**t.settings, "nodes": nodes})
        for nodes, products in (("a", (3.0, 9.0)), ("b", (4.0, 3.9)))
        for t in layers(*products)
    ]
    assert told(crossing, "ordered_along", **ORDERED) == "fails"


def test_networks_that_are_left_out_decide_too() -> None:
    rising = [0.1 + i / 100 for i in range(100)]
    matched, unmatched = networks(rising)[:14], networks(rising, last_risk=0.02)[14:]
    found = judged([*matched, *unmatched], "ranks", **MATCHED)
    assert found.verdict == "not enough data"
    assert (found.evidence["networks"], found.evidence["unmatched"]) == (14, 86)


def test_true_labels_are_no_random_ones() -> None:
    found = judged(random_labels([0.0], [0.0], [0.0], noise=0.0), "fits_random_labels")
    assert found.verdict == "not enough data" and "random labels" in str(found.evidence["reason"])


def test_a_return_after_the_next_perturbation_is_none() -> None:
    errors, counts = [0, 0.5, 0.4, 0.3, 0, 0], [0, 1, 1, 2, 2, 2]
    assert told(perturbed(errors, counts), "returns_to_zero", within=5) == "fails"


@pytest.mark.parametrize("values", [[(2, 2), (4, 4), (8, 8)], ["a", "b", "c"], [False, True], [1, None, 3], [1, "2"]])
def test_an_axis_without_order_gives_no_verdict(values: list[Any]) -> None:
    trials = [trial for i, value in enumerate(values) for trial in last({"axis": value}, spread(0.9 - 0.2 * i))]
    for turned in (trials, trials[::-1]):
        found = judged(turned, "no_overfitting", x="axis")
        assert found.verdict == "not enough data" and "no number" in str(found.evidence["reason"])


def test_seeds_that_did_not_finish_make_a_verdict_doubtful() -> None:
    done = last({}, {"rank": [5.0]})
    lost = [Trial({}, {}, state) for state in ("failed", "failed", "missing", "running")]
    found = judged([*done, *lost], "bounded", y="rank", high=6)
    assert found.verdict == "not enough data"
    assert found.evidence["not_enough"] == "of 5 trials 2 failed, 2 are missing"
    assert told([*done, *lost], "bounded", y="rank", high=6, at_least=1) == "holds"
    assert told([*done, *lost], "bounded", y="rank", high=6, at_least=2) == "not enough data"


def test_what_cannot_be_computed_is_a_verdict_and_no_traceback() -> None:
    zero = last({}, {"norm": [1.0, 2.0], "expected_norm": [0.0, 0.0]})
    assert told(zero, "as_expected") == "not enough data"
    nothing = last({}, {"rank": [NAN, NAN]})
    assert told(nothing, "bounded", y="rank", high=6) == "not enough data"
    assert told(widths([0.3, 0.2, 0.1]), "balanced") == "not enough data"
    assert told(widths([0.3, 0.2, 0.1]), "fits_random_labels") == "not enough data"
    mixed = [*last({"axis": 1}, [0.1, 0.2]), *last({"axis": (1, 2)}, [0.1, 0.2])]
    assert told(mixed, "no_overfitting", x="axis") == "not enough data"


def test_no_overfitting_says_nothing_of_nets_that_are_small_for_their_data() -> None:
    def of(size: int) -> list[Trial]:
        return [replace(t, settings={**t.settings, "data.train_size": size}) for t in widths([0.3, 0.2, 0.1])]

    assert told(of(500), "no_overfitting", beyond=2) == "holds"
    assert told(of(50_000), "no_overfitting", beyond=2) == "not enough data"


def test_a_rise_within_noise_is_neither_one_nor_none() -> None:
    assert told(widths([0.3, 0.2, 0.199]), "monotone", **FALLS) == "not enough data"


def test_a_steep_line_with_the_right_slope_of_log_t_holds() -> None:
    assert told(margins(lambda t: 1.2 * float(np.log(t))), "log_rate", **SLOPE) == "holds"


def test_equal_errors_are_no_certainty_where_they_were_counted_on_few_examples() -> None:
    """Two seeds without an error on 20 images each: the true error may well be 0.05."""
    few, many = ({"data.test_size": size} for size in (20, 20_000))
    assert told(last(few, [0.0, 0.0]), "bounded", y="error", split="test", high=0.01, mean=True) == "not enough data"
    assert told(last(many, [0.0, 0.0]), "bounded", y="error", split="test", high=0.01, mean=True) == "holds"
    for size, verdict in ((20, "not enough data"), (20_000, "holds")):
        sizes = {"data.test_size": size, "data.train_size": 100}
        grown = [*last({**sizes, "n": 1}, [0.0] * 3), *last({**sizes, "n": 2}, [0.0] * 3)]
        found = judged(grown, "no_overfitting", x="n", y="error")
        assert found.verdict == verdict and "95 % interval" in str(found.evidence["interval"])
        kinds = {"one": {"n": 1}, "other": {"n": 2}}
        assert told(grown, "agrees", y="error", split="test", tolerance=0.01, **kinds) == verdict


def test_equal_falls_of_errors_on_few_examples_are_no_certainty() -> None:
    """All of three seeds make one error less of 20 with more examples, or at a later step: chance does that, too."""
    for size, verdict in ((20, "not enough data"), (20_000, "holds")):
        both = []
        for n, error in ((100, 0.5), (200, 0.45)):
            settings = {"data.test_size": size, "data.train_size": n}
            both += last(settings, {"error test": [error] * 3, "error train": [0.0] * 3})
        assert told(both, "improves_at_zero_error") == verdict
        assert told(both, "monotone", **{**FALLS, "x": "data.train_size"}, points=2) == verdict
        assert told(both, "monotone", **{**FALLS, "x": "data.train_size"}, points=2, by_seed=True) == verdict
        grown = curves({"data.test_size": size}, *({"error test": [0.4, 0.45]},) * 3)
        assert told(grown, "grows_between", y="error", since=0) == verdict


def test_a_relative_tolerance_is_a_part_of_a_negative_mean_too() -> None:
    for other, verdict in ((-1.0, "holds"), (-1.4, "fails")):
        sides = (("sgd", -1.0), ("gd", other))
        trials = [t for name, mean in sides for t in last({"optimizer.name": name}, {"margin": spread(mean)})]
        assert told(trials, "agrees", **SGD_GD, y="margin", split="", relative=True, tolerance=0.1) == verdict


def test_a_trial_that_trains_longer_is_judged_at_its_own_end() -> None:
    """Two seeds stop at step 2, and two go on until their risk is far higher: it is not the same for longer."""
    ends = [[2.0, 1.0, 1.0], [2.0, 1.0, 1.0], [2.0, 1.0, 1.0, 8.0], [2.0, 1.0, 1.0, 8.0]]
    trials = [Trial({}, {"risk test": risks}) for risks in ends]
    assert told(trials, "longer_is_no_worse", y="risk") == "not enough data"
