"""For every claim: rows on which it must hold, rows on which it must fail, and rows that are not enough data.

A new claim adds its rows here; the tests of `tests/tracking/verdicts` put them through everything that a verdict must
survive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.support.made_up.claim_rows import Trial, last, spread
from tests.support.made_up.claim_trials import (
    arms,
    degrees,
    descended,
    descents,
    edges,
    falls_twice,
    fitted,
    grokked,
    growing,
    late,
    layers,
    log_law,
    margins,
    networks,
    noise,
    noisy,
    normalised,
    norms,
    once,
    optimizers,
    perturbed,
    random_labels,
    ranked,
    rates,
    risks,
    sizes,
    walk,
    widths,
)

HOLDS, FAILS, OPEN = "holds", "fails", "not enough data"


@dataclass(frozen=True, repr=False)
class Case:
    """Trials, and the verdict that a claim with these settings must give on them."""

    claim: str
    trials: Sequence[Trial]
    verdict: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<{self.claim} that must give '{self.verdict}' with {dict(self.fields)}>"


RISK = {"y": "risk"}
RISING = [float(v) for v in np.linspace(0.1, 0.5, 16)]
MIXED = [0.3, 0.1] * 8
LINEAR = [1.0 + i / 200 for i in range(16)]
FIGURE_6 = {1: 0.5, 30: 1e-4, 60: 1e-12, 100: 1e-10, 300: 0.1}
SLOPE = {"low": 1.0, "high": 1.4}
SGD_GD = {"one": {"optimizer.name": "sgd"}, "other": {"optimizer.name": "gd"}}
RANK = {"y": "rank", "high": 6, "at": "every", "clock": "time"}
RISES = {"y": "rank", "order": "rising"}
FALLS = {"y": "error", "split": "test", "order": "falling", "x": "net.width"}
FIRST = {"within": 2, "y": "risk", "tolerance": "first"}
BACK = {"within": 2}
GROWS = {"y": "risk", "since": 10}
SETTLES = {"y": "norm", "after": 50, "tolerance": 1e-3}
ORDERED = {"along": "layers", "y": "norm_product", "order": "rising", "after": 10}
MATCHED = {"matched": 0.01}
EDGE = {"y": "sharpness", "bound": 2.0, "over": "optimizer.learning_rate"}
BEST_RATE = {"x": "optimizer.learning_rate", "along": "optimizer.batch_size"}
ALONG = {"along": ["net.width", "net.depth"]}
CASES: tuple[Case, ...] = (
    Case("no_overfitting", widths([0.4, 0.2, 0.202]), HOLDS),
    Case("no_overfitting", widths([0.4, 0.2, 0.22]), FAILS),
    Case("no_overfitting", widths([0.4, 0.2, 0.209]), OPEN),
    Case("no_overfitting", widths([0.4]), OPEN),
    Case("no_overfitting", widths([0.4, 0.2]), OPEN, {"y": "norm"}),
    Case("risk_overfits", risks([1.0, 1.3, 1.5], [1.0, 1.0, 1.0], [0.5, 0.0, 0.0]), HOLDS),
    Case("risk_overfits", risks([1.0, 1.3, 1.1], [1.0, 1.0, 1.0], [0.5, 0.0, 0.0]), FAILS),
    Case("risk_overfits", risks([1.5, 1.5, 1.5], [1.0, 1.0, 1.0], [0.5, 0.1, 0.1]), OPEN),
    Case("risk_overfits", risks([1.5, 2.5], [1.0, 1.0], [0.0, 0.0]), FAILS, {"factor": 1, "at_most": 2}),
    Case("risk_overfits", risks([1.5, 1.6], [1.0, 1.0], [0.0, 0.0]), HOLDS, {"factor": 1, "at_most": 2}),
    Case("threshold_peak", risks([1.0, 3.0, 2.0, 1.0], [1.0] * 4, [0.5, 0.1, 0.0, 0.0]), HOLDS),
    Case("threshold_peak", risks([3.0, 1.0, 1.0, 1.0], [1.0] * 4, [0.5, 0.1, 0.0, 0.0]), FAILS),
    Case("threshold_peak", risks([1.0, 1.0, 1.0, 3.0], [1.0] * 4, [0.5, 0.1, 0.1, 0.0]), OPEN),
    Case("double_descent", falls_twice([0.6, 0.4, 0.5, 0.3], [0.5, 0.1, 0.0, 0.0]), HOLDS),
    Case("double_descent", falls_twice([0.6, 0.5, 0.4, 0.3], [0.5, 0.1, 0.0, 0.0]), FAILS),
    Case("double_descent", falls_twice([0.6, 0.4, 0.5, 0.6], [0.5, 0.1, 0.0, 0.0]), FAILS),
    Case("double_descent", falls_twice([0.6, 0.4, 0.5, 0.3], [0.5, 0.1, 0.1, 0.1]), OPEN),
    Case("peak_grows", noisy([0.6, 0.4, 0.41, 0.3], [0.7, 0.5, 0.6, 0.4]), HOLDS),
    Case("peak_grows", noisy([0.7, 0.5, 0.6, 0.4], [0.6, 0.4, 0.41, 0.3]), FAILS),
    Case("peak_grows", noisy([0.6, 0.5, 0.3, 0.2], [0.7, 0.6, 0.5, 0.4]), FAILS),
    Case("peak_grows", noisy([0.6, 0.4, 0.41, 0.3], [0.7, 0.5, 0.6, 0.4], train=(0.5, 0.1, 0.1, 0.1)), OPEN),
    Case("optimum_rises", rates([0.1, 0.2, 0.3], [0.2, 0.1, 0.2], [0.3, 0.2, 0.1]), HOLDS, BEST_RATE),
    Case("optimum_rises", rates([0.3, 0.2, 0.1], [0.1, 0.2, 0.3]), FAILS, BEST_RATE),
    Case("optimum_rises", rates([0.2, 0.1, 0.2], [0.2, 0.1, 0.2]), FAILS, BEST_RATE),
    Case("optimum_rises", rates([0.1, 0.1005, 0.3], [0.3, 0.1005, 0.1]), OPEN, BEST_RATE),
    Case("tracks", edges([1.0, *[19.0, 21.0] * 8]), HOLDS, EDGE),
    Case("tracks", edges([1.0, *[15.0, 17.0] * 8]), FAILS, EDGE),
    Case("tracks", edges([1.0, 19.0, 20.0]), OPEN, EDGE),
    Case("tracks", edges([19.0, *[19.0, 21.0] * 8]), OPEN, EDGE),
    Case("delay", grokked((2, 40), (2, 44), (2, 42)), HOLDS),
    Case("delay", grokked((2, 10), (2, 11), (2, 10)), FAILS),
    Case("delay", grokked((2, 40), (2, 44), (2, 99)), OPEN),
    Case("ranks_granulated", ranked(1.0, 1.0), HOLDS, ALONG),
    Case("ranks_granulated", ranked(-1.0, -1.0), FAILS, ALONG),
    Case("ranks_granulated", ranked(-1.0, -1.0), HOLDS, {**ALONG, "falling": True}),
    Case("ranks_granulated", ranked(1.0, 1.0), FAILS, {**ALONG, "falling": True, "of": "worst"}),
    Case("ranks_granulated", ranked(1.0, -1.0), FAILS, {**ALONG, "of": "worst"}),
    Case("ranks_granulated", ranked(1.0, 1.0), HOLDS, {"of": "worst"}),
    Case("ranks_granulated", ranked(1.0, 1.0, seeds=1), OPEN, ALONG),
    Case("more_data_helps", sizes([0.8, 0.7, 0.5]), HOLDS),
    Case("more_data_helps", sizes([0.8, 0.7, 0.6]), FAILS),
    Case("more_data_helps", sizes([0.6, 0.7, 0.5]), FAILS),
    Case("more_data_helps", sizes([0.8, 0.5]), OPEN),
    Case("improves_at_zero_error", sizes([0.8, 0.7, 0.9], [0.0, 0.004, 0.2]), HOLDS),
    Case("improves_at_zero_error", sizes([0.7, 0.8, 0.5], [0.0, 0.004, 0.2]), FAILS),
    Case("improves_at_zero_error", sizes([0.8, 0.7, 0.5], [0.0, 0.1, 0.2]), OPEN),
    Case("gap_shrinks", sizes([0.9, 0.9], [0.0, 0.5]), HOLDS),
    Case("gap_shrinks", sizes([0.9, 0.9], [0.5, 0.0]), FAILS),
    Case("gap_shrinks", sizes([0.9], [0.5]), OPEN),
    Case("chance_error", sizes([0.901, 0.899, 0.9]), HOLDS),
    Case("chance_error", sizes([0.9, 0.9, 0.86]), FAILS),
    Case("chance_error", sizes([0.909, 0.9]), OPEN),
    Case("fits_random_labels", random_labels([0.9, 0.0, 0.1], [0.0], [0.8]), HOLDS),
    Case("fits_random_labels", random_labels([0.9, 0.0, 0.1], [0.01], [0.8]), FAILS),
    Case("fits_random_labels", random_labels([0.0], at=(5000,)), OPEN),
    Case("bounded", once([9, 6], [9, 5]), HOLDS, {"y": "rank", "high": 6}),
    Case("bounded", once([6, 7], [6, 5]), FAILS, {"y": "rank", "high": 6}),
    Case("bounded", once([7, 6], [6, 6]), FAILS, {"y": "rank", "high": 6, "at": "every"}),
    Case("bounded", once([7, 6], [7, 5], time=[0.0, 2.0]), HOLDS, {**RANK, "after": 1}),
    Case("bounded", once([7, 6], [7, 5], time=[0.0, 2.0]), OPEN, {**RANK, "after": 9}),
    Case("bounded", once([5.0], [5.1], [4.9]), HOLDS, {"y": "rank", "low": 4, "high": 6, "mean": True}),
    Case("bounded", once([7.0], [7.1], [6.9]), FAILS, {"y": "rank", "high": 6, "mean": True}),
    Case("bounded", once([5.0], [5.5], [4.5]), OPEN, {"y": "rank", "high": 6, "mean": True}),
    Case("monotone", once([3, 2, 1], [4, 2, 1]), HOLDS, {"y": "rank", "order": "falling"}),
    Case("monotone", once([1, 2, 2], [1, 2, 3]), FAILS, RISES),
    Case("monotone", once([1, 2, 3, 5, 4], [1, 2, 3, 4, 5]), HOLDS, {**RISES, "spearman": 0.85}),
    Case("monotone", once([3, 2, 1], [1, 2, 3]), FAILS, {**RISES, "spearman": 0.85}),
    Case("monotone", once([1, 2], [1, 2]), OPEN, RISES),
    Case("monotone", once([9, 1, 8, 2, 3], [9, 2, 9, 3, 4], n=[0, 0, 1, 1, 2]), HOLDS, {**RISES, "x": "n"}),
    Case("monotone", widths([0.3, 0.2, 0.1]), HOLDS, FALLS),
    Case("monotone", widths([0.3, 0.1, 0.2]), FAILS, FALLS),
    Case("monotone", widths([0.3, 0.2, 0.1]), HOLDS, {**FALLS, "x": "parameters"}),
    Case("monotone", widths([0.1, 0.2, 0.3]), FAILS, {**FALLS, "x": "parameters"}),
    Case("monotone", widths([0.3, 0.2, 0.199]), OPEN, FALLS),
    Case("monotone", widths([0.3, 0.2, 0.199]), HOLDS, {**FALLS, "by_seed": True}),
    Case("monotone", widths([0.3, 0.1, 0.2]), FAILS, {**FALLS, "by_seed": True}),
    Case("monotone", widths([0.6, 0.5, 0.4, 0.3, 0.2, 0.1]), HOLDS, {**FALLS, "spearman": 0.9}),
    Case("monotone", widths([0.1, 0.2, 0.3]), FAILS, {**FALLS, "spearman": 0.9}),
    Case("returns_to_zero", perturbed([0, 0.5, 0.4, 0.5, 0.4, 0.3], [0, 1, 1, 2, 2, 2]), FAILS, BACK),
    Case("returns_to_zero", perturbed([0, 0.5, 0, 0.4, 0.1, 0], [0, 1, 1, 2, 2, 2]), FAILS, BACK),
    Case("returns_to_zero", perturbed([0, 0.5, 0, 0.4, 0, 0], [0, 1, 1, 2, 2, 2]), HOLDS, BACK),
    Case("returns_to_zero", perturbed([0, 0.5, 0, 0.4], [0, 1, 1, 2]), HOLDS, BACK),
    Case("returns_to_zero", perturbed([0, 0, 0, 0], [0, 0, 0, 0]), OPEN, BACK),
    Case("returns_to_zero", perturbed([0, 0.5, 0, 0], [0, 1, 1, 1]), HOLDS, FIRST),
    Case("norm_grows", noise([1.0, 1.03, 1 + 1 / 16]), HOLDS),
    Case("norm_grows", noise([1.0, 1.03, (1 + 2 / 16) ** 0.5], "initial"), HOLDS, {"within": 0.001}),
    Case("norm_grows", noise([1.0, 1.03, 2.0]), FAILS),
    Case("norm_grows", noise([1.0, 1.0, 1.0], counts=(0, 0, 0)), OPEN),
    Case("exceeds_control", arms([0.1, 0.6, 0.6, 0.7], [0.1, 0.6, 0.6, 0.61]), HOLDS),
    Case("exceeds_control", arms([0.1, 0.6, 0.6, 0.7], [0.1, 0.6, 0.6, 0.72]), FAILS),
    Case("exceeds_control", arms([0.1, 0.6, 0.6, 0.7], [0.1, 0.6, 0.6, 0.64]), FAILS, {"share": 0.1}),
    Case("exceeds_control", arms([0.1, 0.6, 0.6, 0.7], [0.1, 0.6, 0.6, 0.6], train=(0.5,) * 4), OPEN),
    Case("exceeds_control", arms([0.1, 0.6, 0.6, 0.7], [0.1, 0.6, 0.6, 0.6], by=0.1), OPEN),
    Case("exceeds_control", arms([0.1, 0.68, 0.6, 0.7], [0.1, 0.6, 0.6, 0.6]), OPEN),
    Case("rises_once_fitted", fitted([9.0, 1.0, 2.0], [0.5, 0.0, 0.1]), HOLDS),
    Case("rises_once_fitted", fitted([1.0, 2.0, 2.0], [0.5, 0.0, 0.0]), FAILS),
    Case("rises_once_fitted", fitted([1.0, 2.0, 3.0], [0.5, 0.5, 0.0]), OPEN),
    Case("ranks", networks(RISING), HOLDS, MATCHED),
    Case("ranks", networks(MIXED), FAILS, MATCHED),
    Case("ranks", networks(RISING[::-1]), FAILS, MATCHED),
    Case("ranks", networks(RISING[::-1]), HOLDS, {"falling": True}),
    Case("ranks", networks(RISING, last_risk=0.02), OPEN, MATCHED),
    Case("ranks", networks(RISING[:5]), OPEN),
    Case("linear_relation", normalised(LINEAR), HOLDS, MATCHED),
    Case("linear_relation", normalised(LINEAR[::-1]), FAILS, MATCHED),
    Case("linear_relation", normalised(MIXED), FAILS, MATCHED),
    Case("linear_relation", normalised([2.0] * 16), FAILS, MATCHED),
    Case("linear_relation", normalised(LINEAR, last_risk=0.02), OPEN, MATCHED),
    Case("balanced", descended(0.09), HOLDS),
    Case("balanced", descended(0.11), FAILS),
    Case("balanced", descended(-0.11), FAILS),
    Case("balanced", descended(0.09, rate=0.05), FAILS),
    Case("balanced", descended(0.0, steps=1), OPEN),
    Case("log_rate", margins(log_law(1.2)), HOLDS, SLOPE),
    Case("log_rate", margins(log_law(0.9)), FAILS, SLOPE),
    Case("log_rate", margins(log_law(1.5)), FAILS, SLOPE),
    Case("log_rate", margins(log_law(1.2), steps=6), OPEN, SLOPE),
    Case("agrees", optimizers(spread(0.655, 0.004), spread(0.66, 0.004)), HOLDS, SGD_GD),
    Case("agrees", optimizers(spread(0.655, 0.004), spread(0.605, 0.004)), FAILS, SGD_GD),
    Case("agrees", optimizers([0.66, 0.65], []), OPEN, SGD_GD),
    Case("agrees", optimizers(spread(1000, 1), spread(1010, 1)), HOLDS, {**SGD_GD, "relative": True}),
    Case("agrees", optimizers(spread(1000, 1), spread(1030, 1)), FAILS, {**SGD_GD, "relative": True}),
    Case("agrees", optimizers(spread(1000, 9), spread(1020, 9)), OPEN, {**SGD_GD, "relative": True}),
    Case("seeds_agree", last({}, spread(0.5, 0.001, seeds=5)), HOLDS),
    Case("seeds_agree", last({}, spread(0.5, 0.2)), FAILS),
    Case("seeds_agree", last({}, spread(0.5, 0.02)), OPEN),
    Case("null_space_walk", walk(1.0, seeds=30), HOLDS),
    Case("null_space_walk", walk(1.3), FAILS),
    Case("null_space_walk", walk(1.0, drift=0.3), FAILS),
    Case("null_space_walk", walk(0.0), FAILS),
    Case("null_space_walk", walk(1.0, seeds=3), OPEN),
    Case("as_expected", norms(20.1), HOLDS),
    Case("as_expected", norms(21.0), FAILS),
    Case("as_expected", norms(20.65), OPEN),
    Case("as_expected", norms(20.0), OPEN, {"expected": "other"}),
    Case("settles", late(1e-4), HOLDS, SETTLES),
    Case("settles", late(1e-2), FAILS, SETTLES),
    Case("settles", late(0.0, steps=(0, 20, 60)), OPEN, SETTLES),
    Case("grows_between", growing(0.5, 0.6, 0.4), HOLDS, GROWS),
    Case("grows_between", growing(0.1, 0.1, 0.1), HOLDS, GROWS),
    Case("grows_between", growing(-0.5, -0.6, -0.4), FAILS, GROWS),
    Case("grows_between", growing(0.0, 0.0, 0.0), FAILS, GROWS),
    Case("grows_between", growing(0.5, -0.4, 0.1), OPEN, GROWS),
    Case("grows_between", growing(0.5), OPEN, GROWS),
    Case("ordered_along", layers(3.0, 4.0, 5.0), HOLDS, ORDERED),
    Case("ordered_along", layers(3.0, 5.0, 4.0), FAILS, ORDERED),
    Case("ordered_along", layers(3.0), OPEN, ORDERED),
    Case("overfits_eventually", degrees(FIGURE_6), HOLDS),
    Case("overfits_eventually", degrees({**FIGURE_6, 300: 1e-9}), FAILS),
    Case("overfits_eventually", degrees(FIGURE_6, train=1e-3), FAILS),
    Case("overfits_eventually", degrees({**FIGURE_6, 150: 1e-14}), FAILS),
    Case("overfits_eventually", degrees({1: 0.5, 60: 1e-12}), OPEN),
    Case("early_stopping_helps", descents([9, 1, 3], [9, 1, 3.1], [9, 1.1, 3], [9, 1, 2.9], [9, 1, 3]), HOLDS),
    Case("early_stopping_helps", descents([9, 3, 1], [9, 3, 1.1], [9, 2, 1.1], [9, 3, 0.9], [9, 2, 0.8]), FAILS),
    Case("longer_is_no_worse", descents([9, 3, 1], [9, 3, 1.1], [9, 2, 1.1], [9, 3, 0.9], [9, 2, 0.8]), HOLDS, RISK),
    Case("longer_is_no_worse", descents([9, 1, 3], [9, 1, 3.1], [9, 1.1, 3], [9, 1, 2.9], [9, 1, 3]), FAILS, RISK),
    Case("longer_is_no_worse", descents([9, 1, 1.3], [9, 1, 0.8], [9, 1.1, 2.9], [9, 1, 1], [9, 1, 1.2]), OPEN, RISK),
    Case("early_stopping_helps", descents([9, 1, 1.3], [9, 1, 0.8], [9, 1.1, 2.9], [9, 1, 1], [9, 1, 1.2]), OPEN),
)


def of(verdict: str) -> list[Case]:
    """The cases with that verdict."""
    return [case for case in CASES if case.verdict == verdict]
