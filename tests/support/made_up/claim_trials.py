"""Trials in the shapes that claims are about: error along a width, norms over steps, margins, walks, layers."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tests.support.made_up.claim_rows import Trial, Values, curves, last, spread


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
    perturbed: Sequence[float],
    control: Sequence[float],
    train: Sequence[float] = (0.5, 0.1, 0.0, 0.0),
    by: float = 0.002,
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


def falls_twice(error: Sequence[float], train: Sequence[float], seeds: int = 3) -> list[Trial]:
    """Nets of growing size with these test errors and training errors."""
    return widths(error, seeds, error_train=train)


def noisy(*errors: Sequence[float], train: Sequence[float] = (0.5, 0.1, 0.0, 0.0)) -> list[Trial]:
    """The same nets with no noisy labels, with a tenth, with two; half of the seeds choose, and three are judged."""
    return [
        replace(trial, settings={**trial.settings, "data.label_noise": level / 10})
        for level, error in enumerate(errors)
        for trial in falls_twice(error, train, seeds=5)
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


def log_law(slope: float) -> Callable[[float], float]:
    return lambda t: slope * float(np.log(t))
