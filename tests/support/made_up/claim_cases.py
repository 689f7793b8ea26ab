"""For every claim: rows on which it must hold, rows on which it must fail, and rows that are not enough data.

A new claim adds its rows here; the tests of `tests/tracking/verdicts` put them through everything that a verdict must
survive.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tests.support.made_up.claim_rows import Trial, Values, curves, last, spread

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


def along(setting: str, values: Sequence[Any], seeds: int = 3, **means: Sequence[float]) -> list[Trial]:
    """Trials along a setting: means of measures (`error_test` is "error test"), with a little spread over seeds."""
    trials = []
    for i, value in enumerate(values):
        each = {name.replace("_", " "): spread(mean[i], seeds=seeds) for name, mean in means.items()}
        exact = {name: [means[name.replace(" ", "_")][i]] * seeds for name in each if "train" in name}
        trials += last({setting: value}, {**each, **exact})
    return trials


def widths(error: Sequence[float], seeds: int = 3, **more: Sequence[float]) -> list[Trial]:
    """Nets of 10, 100, ... parameters."""
    trials = along("net.width", [2**i for i in range(len(error))], seeds, error_test=error, **more)
    parameters = {2**i: 10.0 ** (i + 1) for i in range(len(error))}
    return [
        Trial(t.settings, {**t.values, "parameters": [parameters[t.settings["net.width"]]]}) for t in trials
    ]  # fmt: skip


def risks(last: Sequence[float], best: Sequence[float], train: Sequence[float]) -> list[Trial]:
    """Nets whose test risk goes down to the best and up to the last, and which training error they end with."""
    trials = widths([0.5] * len(last), risk_test=last, error_train=train)
    bests = {2**i: value for i, value in enumerate(best)}
    return [
        Trial(t.settings, {**t.values, "risk test": [bests[t.settings["net.width"]], *t.values["risk test"]]})
        for t in trials
    ]


def sizes(test: Sequence[float], train: Sequence[float] = (0.0,) * 9, at: Sequence[int] = (100, 1000, 10000)) -> Any:
    return along("data.train_size", at[: len(test)], error_test=test, error_train=train)


def random_labels(*train: Sequence[float], at: Sequence[int] = (100, 1000, 10000), noise: float = 1.0) -> list[Trial]:
    """Training errors over steps, of nets with 9,898 parameters."""
    settings = [{"data.train_size": size, "data.label_noise": noise} for size in at]
    both = [{"error train": list(errors), "parameters": [9898.0]} for errors in train]
    return [trial for s, values in zip(settings, both, strict=False) for trial in curves(s, values, values)]


def once(*series: Sequence[float], **more: Sequence[float]) -> list[Trial]:
    """Trials of one cell with a measure `rank` over steps."""
    return curves({}, *({"rank": list(one), **{k: list(v) for k, v in more.items()}} for one in series))


def perturbed(errors: Sequence[float], counts: Sequence[float]) -> list[Trial]:
    values = {"error train": list(errors), "perturbations": list(counts), "risk train": [0.1 + e for e in errors]}
    return curves({}, values, values)


def noise(norm: Sequence[float], reference: str = "current", counts: Sequence[float] = (0, 1, 2)) -> list[Trial]:
    settings = {"perturbation.relative_std": 0.25, "perturbation.noise_reference": reference}
    return curves(settings, *({"norm": list(norm), "perturbations": list(counts)},) * 2)


def arms(
    perturbed: Sequence[float], control: Sequence[float], train: Sequence[float] = (0.5, 0.0, 0.0), by: float = 0.002
) -> list[Trial]:
    """Test errors over steps of both arms, three seeds each that differ in the last one."""
    trials = []
    for name, errors in (("gaussian", perturbed), ("none", control)):
        ends = spread(errors[-1], by)
        each: list[Values] = [{"error test": [*errors[:-1], end], "error train": list(train)} for end in ends]
        trials += curves({"perturbation.name": name}, *each)
    return trials


def networks(errors: Sequence[float], last_risk: float = 0.001, x: Sequence[float] | None = None) -> list[Trial]:
    """Network i reaches the training risk 0.01 with norm product i, and a different one before and after."""
    at = [float(i) for i in range(len(errors))] if x is None else x
    return [
        Trial(
            {"net.init_scale": i},
            {"norm_product": [0.0, at[i] - 1, at[i] + 1], "error test": [e] * 3, "risk train": [1.0, 0.1, last_risk]},
        )
        for i, e in enumerate(errors)
    ]


def normalised(test: Sequence[float], last_risk: float = 0.001, x: Sequence[float] | None = None) -> list[Trial]:
    """Network i reaches the training risk 0.01 with normalised training risk 2 + i/100, others around it."""
    at = [2 + i / 100 for i in range(len(test))] if x is None else x
    measured = {"risk train": [1.0, 0.1, last_risk]}
    return [
        Trial(
            {"net.init_scale": i},
            {**measured, "normalized_risk train": [5.0, at[i] - 1, at[i] + 1], "normalized_risk test": [5.0, y, y]},
        )
        for i, y in enumerate(test)
    ]


def falls_twice(error: Sequence[float], train: Sequence[float]) -> list[Trial]:
    """Nets of growing size with these test errors and training errors."""
    return widths(error, error_train=train)


def noisy(*errors: Sequence[float], train: Sequence[float] = (0.5, 0.1, 0.0, 0.0)) -> list[Trial]:
    """The same nets with no noisy labels, with a tenth, with two."""
    return [
        replace(trial, settings={**trial.settings, "data.label_noise": level / 10})
        for level, error in enumerate(errors)
        for trial in falls_twice(error, train)
    ]


def rates(*errors: Sequence[float], seeds: int = 3) -> list[Trial]:
    """Networks along the learning rate, with batches of 1, 10, 100."""
    return [
        replace(trial, settings={**trial.settings, "optimizer.batch_size": 10**i})
        for i, error in enumerate(errors)
        for trial in along("optimizer.learning_rate", [0.01, 0.1, 1.0], seeds, error_test=error)
    ]


def edges(values: Sequence[float]) -> list[Trial]:
    """Sharpness over steps, where 2 / learning rate is 20."""
    return curves({"optimizer.learning_rate": 0.1}, *({"sharpness": list(values)},) * 2)


def grokked(*events: tuple[int, int]) -> list[Trial]:
    """Trials of 60 steps whose training and test error fall to 0 at these steps."""
    trials = [[[float(step < at) for step in range(60)] for at in both] for both in events]
    return curves({}, *({"error train": train, "error test": test} for train, test in trials))


def ranked(width: float, depth: float, seeds: int = 3) -> list[Trial]:
    """Networks whose test error rises with the norm product along the width and the depth, or falls."""
    trials = []
    for w, d in itertools.product((1, 2, 3), (1, 2, 3)):
        values = {"norm_product": [10.0 * w + d], "error test": [10 * w * width + d * depth]}
        trials += [Trial({"net.width": w, "net.depth": d}, values) for _ in range(seeds)]
    return trials


def optimizers(sgd: Sequence[float], gd: Sequence[float]) -> list[Trial]:
    return last({"optimizer.name": "sgd"}, list(sgd)) + (last({"optimizer.name": "gd"}, list(gd)) if gd else [])


def descended(drift: float, rate: float = 0.1, steps: int = 3) -> list[Trial]:
    """Two layers whose squared norms grow from 1 to 2, the second by `drift` more; the risk falls from 1 to 0.5."""
    layers = {"frobenius_norm  conv1": [1.0, 1.2, 2.0], "frobenius_norm  output": [1.0, 1.2, 2.0 + drift]}
    norms = {name: [v**0.5 for v in values][:steps] for name, values in layers.items()}
    values = {"risk train": [1.0, 0.9, 0.5][:steps], **norms}
    return curves({"optimizer.learning_rate": rate, "optimizer.name": "gd"}, values, values)


def margins(law: Callable[[float], float], steps: int = 40) -> list[Trial]:
    values = {"margin train": [0.0, *(law(t) for t in range(1, steps))]}
    return curves({}, values, values)


def fitted(norm: Sequence[float], train: Sequence[float]) -> list[Trial]:
    return curves({}, *({"norm": list(norm), "error train": list(train)},) * 2)


def walk(scale: float, seeds: int = 20, drift: float = 0.0) -> list[Trial]:
    """Random walks in 31 dimensions, 40 steps of length `scale` where 1 is expected."""
    draw = np.random.default_rng(5)
    expected = [float(np.sqrt(31 * m)) for m in range(41)]
    walks = [np.cumsum(draw.normal(drift, scale, (40, 31)), axis=0) for _ in range(seeds)]
    lengths = [[0.0, *np.linalg.norm(one, axis=1).tolist()] for one in walks]
    return curves({}, *({"null_norm": one, "expected_null_norm": expected} for one in lengths))


def norms(mean: float, by: float = 0.1, expected: float = 20.0) -> list[Trial]:
    return last({}, {"norm": spread(mean, by), "expected_norm": [expected] * 3})


def late(change: float, steps: Sequence[int] = (0, 20, 60, 80, 100)) -> list[Trial]:
    values = [0.0, 5.0, 7.0, 7.0, 7.0 + change][: len(steps)]
    return curves({}, {"norm": values}, {"norm": values}, steps=steps)


def growing(*growths: float) -> list[Trial]:
    return curves({}, *({"risk test": [1.0, 1.0, 1.0 + growth]} for growth in growths), steps=(5, 10, 90))


def layers(*products: float, times: Sequence[float] = (1.0, 100.0, 1000.0)) -> list[Trial]:
    return [
        trial
        for k, p in enumerate(products, 1)
        for trial in curves(
            {"layers": k}, *({"time": list(times), "norm_product": [1.0, p + by, 2 * p + by]} for by in spread(0))
        )
    ]


def degrees(test: Mapping[int, float], train: float = 1e-20) -> list[Trial]:
    values = {d: {"risk test": [v * s for s in (0.99, 1.0, 1.01)], "risk train": [train] * 3} for d, v in test.items()}
    return [trial for d, each in values.items() for trial in last({"degree": d}, each)]


def descents(*shapes: Sequence[float]) -> list[Trial]:
    return curves({}, *({"risk test": list(shape)} for shape in shapes))


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


def log_law(slope: float) -> Callable[[float], float]:
    return lambda t: slope * float(np.log(t))


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
    Case("chance_error", sizes([0.9, 0.9, 0.88]), FAILS),
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
    Case("bounded", once([5.0], [5.5], [4.5]), OPEN, {"y": "rank", "high": 6, "mean": True}),
    Case("monotone", once([3, 2, 1], [4, 2, 1]), HOLDS, {"y": "rank", "order": "falling"}),
    Case("monotone", once([1, 2, 2], [1, 2, 3]), FAILS, RISES),
    Case("monotone", once([1, 2, 3, 5, 4], [1, 2, 3, 4, 5]), HOLDS, {**RISES, "spearman": 0.85}),
    Case("monotone", once([1, 2], [1, 2]), OPEN, RISES),
    Case("monotone", once([9, 1, 8, 2, 3], [9, 2, 9, 3, 4], n=[0, 0, 1, 1, 2]), HOLDS, {**RISES, "x": "n"}),
    Case("monotone", widths([0.3, 0.2, 0.1]), HOLDS, FALLS),
    Case("monotone", widths([0.3, 0.1, 0.2]), FAILS, FALLS),
    Case("monotone", widths([0.3, 0.2, 0.1]), HOLDS, {**FALLS, "x": "parameters"}),
    Case("monotone", widths([0.1, 0.2, 0.3]), FAILS, {**FALLS, "x": "parameters"}),
    Case("monotone", widths([0.3, 0.2, 0.199]), OPEN, FALLS),
    Case("monotone", widths([0.3, 0.2, 0.199]), HOLDS, {**FALLS, "by_seed": True}),
    Case("monotone", widths([0.3, 0.2, 0.1]), HOLDS, {**FALLS, "spearman": 0.9}),
    Case("returns_to_zero", perturbed([0, 0.5, 0, 0.4, 0.1, 0], [0, 1, 1, 2, 2, 2]), FAILS, BACK),
    Case("returns_to_zero", perturbed([0, 0.5, 0, 0.4, 0, 0], [0, 1, 1, 2, 2, 2]), HOLDS, BACK),
    Case("returns_to_zero", perturbed([0, 0.5, 0, 0.4], [0, 1, 1, 2]), HOLDS, BACK),
    Case("returns_to_zero", perturbed([0, 0, 0, 0], [0, 0, 0, 0]), OPEN, BACK),
    Case("returns_to_zero", perturbed([0, 0.5, 0, 0], [0, 1, 1, 1]), HOLDS, FIRST),
    Case("norm_grows", noise([1.0, 1.03, 1 + 1 / 16]), HOLDS),
    Case("norm_grows", noise([1.0, 1.03, (1 + 2 / 16) ** 0.5], "initial"), HOLDS, {"within": 0.001}),
    Case("norm_grows", noise([1.0, 1.03, 2.0]), FAILS),
    Case("norm_grows", noise([1.0, 1.0, 1.0], counts=(0, 0, 0)), OPEN),
    Case("exceeds_control", arms([0.1, 0.6, 0.7], [0.1, 0.6, 0.61]), HOLDS),
    Case("exceeds_control", arms([0.1, 0.6, 0.7], [0.1, 0.6, 0.69]), FAILS),
    Case("exceeds_control", arms([0.1, 0.6, 0.7], [0.1, 0.6, 0.62]), FAILS, {"share": 0.1}),
    Case("exceeds_control", arms([0.1, 0.6, 0.7], [0.1, 0.6, 0.6], train=(0.5, 0.5, 0.5)), OPEN),
    Case("exceeds_control", arms([0.1, 0.6, 0.7], [0.1, 0.6, 0.6], by=0.1), OPEN),
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
