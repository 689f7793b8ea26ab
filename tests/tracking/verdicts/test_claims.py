"""Every claim in the folder: on rows where it must hold, where it must fail, and where nothing can be said.

Those of Figures 4, 6 and 7 have their rows in test_exact_claims.py.
"""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.tracking.verdicts import test_exact_claims
from tracking.analysis.frame import Frame, Planned, frame, in_memory
from tracking.verdicts.verify import CLAIMS, verify

Values = dict[str, list[float]]  # "measure", "measure split" or "measure split layer": one value a step, of one trial
Trial = tuple[dict[str, Any], Values]


def recorded(trials: list[Trial], states: dict[int, str] | None = None) -> Frame:
    """A frame of trials given as (settings, values); the seed is the place among those of equal settings."""
    planned, outcomes, rows = [], {}, []
    for place, (settings, values) in enumerate(trials):
        seed = sum(other == settings for other, _ in trials[:place])
        planned.append(Planned(f"t{place}", str(sorted(settings.items())), seed, settings))
        state = (states or {}).get(place, "finished")
        if state == "missing":
            continue
        outcomes[f"t{place}"] = {"state": state, "step": 0, "reason": "", "digest": ""}
        for name, series in values.items():
            measure, split, layer = f"{name}  ".split(" ")[:3]
            rows += [(f"t{place}", step, split, measure, layer, value) for step, value in enumerate(series)]
    columns = ["trial", "step", "split", "measure", "layer", "value"]
    return frame(planned, outcomes, in_memory(pd.DataFrame(rows, columns=columns).astype({"value": float})))


def along(setting: str, values: list[Any], measured: dict[str, list[Any]], seeds: int = 2) -> list[Trial]:
    """Trials along a setting; `measured` holds, for each of its values, a last value or a list of all of them."""
    trials: list[Trial] = []
    for i, value in enumerate(values):
        series = {name: each[i] if isinstance(each[i], list) else [each[i]] for name, each in measured.items()}
        trials += [({setting: value}, series)] * seeds
    return trials


def widths(error: list[float], **more: list[Any]) -> list[Trial]:
    parameters = [10.0**i for i in range(len(error))]
    renamed = {name.replace("_", " "): each for name, each in more.items()}
    return along(
        "net.width", [2**i for i in range(len(error))], {"parameters": parameters, "error test": error, **renamed}
    )


def risks(last: list[float], best: list[float], train: list[float]) -> list[Trial]:
    pairs = [list(pair) for pair in zip(best, last, strict=True)]
    return widths([0.5] * len(last), risk_test=pairs, error_train=[[0.9, e] for e in train])


def sizes(test: list[float], train: list[float] | None = None, at: tuple[int, ...] = (100, 1000, 10000)) -> list[Trial]:
    return along(
        "data.train_size", list(at[: len(test)]), {"error test": test, "error train": train or [0.0] * len(test)}
    )


def labels(train: list[list[float]], sizes: tuple[int, ...] = (100, 1000, 10000)) -> list[Trial]:
    return along(
        "data.train_size", list(sizes[: len(train)]), {"error train": train, "parameters": [9898.0] * len(train)}
    )


def perturbed(errors: list[float], counts: list[float]) -> list[Trial]:
    return [({}, {"error train": errors, "perturbations": counts, "risk train": [0.1 + e for e in errors]})] * 2


def noise(norm: list[float], reference: str = "current", counts: tuple[float, ...] = (0, 1, 2)) -> list[Trial]:
    settings = {"perturbation.relative_std": 0.25, "perturbation.noise_reference": reference}
    return [(settings, {"norm": norm, "perturbations": list(counts)})] * 2


def arms(perturbed: list[float], control: list[float], train: tuple[float, ...] = (0.5, 0.0, 0.0)) -> list[Trial]:
    both = (("gaussian", perturbed), ("none", control))
    return [({"perturbation.name": name}, {"error test": y, "error train": list(train)}) for name, y in both] * 2


def networks(errors: list[float], last_risk: float = 0.001) -> list[Trial]:
    """Network i reaches the training risk 0.01 with norm product i, and a different one before and after."""
    return [
        (
            {"net.init_scale": i},
            {"norm_product": [0.0, i - 1.0, i + 1.0], "error test": [e] * 3, "risk train": [1.0, 0.1, last_risk]},
        )
        for i, e in enumerate(errors)
    ]


def optimizers(sgd: list[float], gd: list[float]) -> list[Trial]:
    pairs = [("sgd", v) for v in sgd] + [("gd", v) for v in gd]
    return [({"optimizer.name": name}, {"error test": [v]}) for name, v in pairs]


def normalised(test: list[float], last_risk: float = 0.001) -> list[Trial]:
    """Network i reaches the training risk 0.01 with normalised training risk 2 + i/100, others around it."""
    x = [2 + i / 100 for i in range(len(test))]
    measured = {"risk train": [1.0, 0.1, last_risk]}
    return [
        (
            {"net.init_scale": i},
            {**measured, "normalized_risk train": [5.0, x[i] - 1, x[i] + 1], "normalized_risk test": [5.0, y, y]},
        )
        for i, y in enumerate(test)
    ]


def descended(drift: float, rate: float = 0.1, steps: int = 3) -> list[Trial]:
    """Two layers whose squared norms grow from 1 to 2, the second by `drift` more; the risk falls from 1 to 0.5."""
    layers = {"frobenius_norm  conv1": [1.0, 1.2, 2.0], "frobenius_norm  output": [1.0, 1.2, 2.0 + drift]}
    norms = {name: [v**0.5 for v in values][:steps] for name, values in layers.items()}
    settings = {"optimizer.learning_rate": rate, "optimizer.name": "gd"}
    return [(settings, {"risk train": [1.0, 0.9, 0.5][:steps], **norms})] * 2


def margins(slope: float, early: float = 5.0, steps: int = 40) -> list[Trial]:
    """The margin at step t is slope log t from the tenth step on, and of another slope before."""
    return [({}, {"margin train": [0.0, *((slope if t > 9 else early) * np.log(t) for t in range(1, steps))]})] * 2


def once(*values: float, **more: list[float]) -> list[Trial]:
    return [({}, {"rank": list(values), **more})] * 2


def fitted(norm: list[float], train: list[float]) -> list[Trial]:
    return [({}, {"norm": norm, "error train": train})] * 2


RISING = list(np.linspace(0.1, 0.5, 14))
MIXED = [0.3, 0.1] * 7
LINEAR = [1.0 + i / 200 for i in range(14)]
SLOPE = {"low": 1.0, "high": 1.4}
SGD_GD = {"one": {"optimizer.name": "sgd"}, "other": {"optimizer.name": "gd"}}
RETURNS = {"within": 2}

RANK = {"y": "rank", "high": 6, "at": "every", "clock": "time"}
RISES: dict[str, Any] = {"y": "rank", "order": "rising"}
FALLS = {"y": "error", "split": "test", "order": "falling", "x": "net.width"}
FIRST = {**RETURNS, "y": "risk", "tolerance": "first"}

CASES: list[tuple[str, dict[str, Any], Callable[[], list[Trial]], str]] = [
    ("no_overfitting", {}, lambda: widths([0.4, 0.2, 0.209]), "holds"),
    ("no_overfitting", {}, lambda: widths([0.4, 0.2, 0.22]), "fails"),
    ("no_overfitting", {}, lambda: widths([0.4]), "not enough data"),
    ("no_overfitting", {"y": "norm"}, lambda: widths([0.4, 0.2]), "not enough data"),
    ("risk_overfits", {}, lambda: risks([1.0, 1.3, 1.5], [1.0, 1.0, 1.0], [0.5, 0.0, 0.0]), "holds"),
    ("risk_overfits", {}, lambda: risks([1.0, 1.3, 1.1], [1.0, 1.0, 1.0], [0.5, 0.0, 0.0]), "fails"),
    ("risk_overfits", {}, lambda: risks([1.5, 1.5, 1.5], [1.0, 1.0, 1.0], [0.5, 0.1, 0.1]), "not enough data"),
    ("risk_overfits", {"factor": 1, "at_most": 2}, lambda: risks([1.5, 2.5], [1.0, 1.0], [0.0, 0.0]), "fails"),
    ("threshold_peak", {}, lambda: risks([1.0, 3.0, 2.0, 1.0], [1.0] * 4, [0.5, 0.1, 0.0, 0.0]), "holds"),
    ("threshold_peak", {}, lambda: risks([3.0, 1.0, 1.0, 1.0], [1.0] * 4, [0.5, 0.1, 0.0, 0.0]), "fails"),
    ("threshold_peak", {}, lambda: risks([1.0, 1.0, 1.0, 3.0], [1.0] * 4, [0.5, 0.1, 0.1, 0.0]), "not enough data"),
    ("more_data_helps", {}, lambda: sizes([0.8, 0.7, 0.5]), "holds"),
    ("more_data_helps", {}, lambda: sizes([0.8, 0.7, 0.6]), "fails"),
    ("more_data_helps", {}, lambda: sizes([0.6, 0.7, 0.5]), "fails"),
    ("more_data_helps", {}, lambda: sizes([0.8, 0.5]), "not enough data"),
    ("improves_at_zero_error", {}, lambda: sizes([0.8, 0.7, 0.9], [0.0, 0.004, 0.2]), "holds"),
    ("improves_at_zero_error", {}, lambda: sizes([0.8, 0.8, 0.5], [0.0, 0.004, 0.2]), "fails"),
    ("improves_at_zero_error", {}, lambda: sizes([0.8, 0.7, 0.5], [0.0, 0.1, 0.2]), "not enough data"),
    ("gap_shrinks", {}, lambda: sizes([0.9, 0.9], [0.0, 0.5]), "holds"),
    ("gap_shrinks", {}, lambda: sizes([0.9, 0.9], [0.5, 0.0]), "fails"),
    ("gap_shrinks", {}, lambda: sizes([0.9], [0.5]), "not enough data"),
    ("chance_error", {}, lambda: sizes([0.905, 0.895, 0.9]), "holds"),
    ("chance_error", {}, lambda: sizes([0.9, 0.9, 0.88]), "fails"),
    ("chance_error", {}, lambda: [({}, {"error train": [0.9]})], "not enough data"),
    ("fits_random_labels", {}, lambda: labels([[0.9, 0.0, 0.1], [0.0], [0.8]]), "holds"),
    ("fits_random_labels", {}, lambda: labels([[0.9, 0.0, 0.1], [0.01], [0.8]]), "fails"),
    ("fits_random_labels", {}, lambda: labels([[0.0]], sizes=(5000,)), "not enough data"),
    ("bounded", {"y": "rank", "high": 6}, lambda: once(9.0, 6.0), "holds"),
    ("bounded", {"y": "rank", "low": 5, "high": 6}, lambda: once(6.0, 7.0), "fails"),
    ("bounded", {"y": "rank", "high": 6, "at": "every"}, lambda: once(7.0, 6.0), "fails"),
    ("bounded", {**RANK, "after": 1}, lambda: once(7.0, 6.0, time=[0.0, 2.0]), "holds"),
    ("bounded", {**RANK, "after": 9}, lambda: once(7.0, 6.0, time=[0.0, 2.0]), "not enough data"),
    ("monotone", {"y": "rank", "order": "falling"}, lambda: once(3.0, 2.0, 1.0), "holds"),
    ("monotone", {"y": "rank", "order": "rising"}, lambda: once(1.0, 2.0, 2.0), "fails"),
    ("monotone", {**RISES, "spearman": 0.85}, lambda: once(1.0, 2.0, 3.0, 5.0, 4.0), "holds"),
    ("monotone", {"y": "rank", "order": "rising"}, lambda: once(1.0, 2.0), "not enough data"),
    ("monotone", {**RISES, "x": "n"}, lambda: once(9.0, 1.0, 8.0, 2.0, 3.0, n=[0, 0, 1, 1, 2]), "holds"),
    ("monotone", FALLS, lambda: widths([0.3, 0.2, 0.1]), "holds"),
    ("monotone", FALLS, lambda: widths([0.3, 0.1, 0.2]), "fails"),
    ("returns_to_zero", RETURNS, lambda: perturbed([0, 0.5, 0, 0.4, 0.1, 0], [0, 1, 1, 2, 2, 2]), "fails"),
    ("returns_to_zero", RETURNS, lambda: perturbed([0, 0.5, 0, 0.4, 0, 0], [0, 1, 1, 2, 2, 2]), "holds"),
    ("returns_to_zero", RETURNS, lambda: perturbed([0, 0.5, 0, 0.4], [0, 1, 1, 2]), "holds"),
    ("returns_to_zero", RETURNS, lambda: perturbed([0, 0, 0, 0], [0, 0, 0, 0]), "not enough data"),
    ("returns_to_zero", FIRST, lambda: perturbed([0, 0.5, 0, 0], [0, 1, 1, 1]), "holds"),
    ("norm_grows", {}, lambda: noise([1.0, 1.0, 1 + 1 / 16]), "holds"),
    ("norm_grows", {"within": 0.001}, lambda: noise([1.0, 1.0, (1 + 2 / 16) ** 0.5], "initial"), "holds"),
    ("norm_grows", {}, lambda: noise([1.0, 1.0, 2.0]), "fails"),
    ("norm_grows", {}, lambda: noise([1.0, 1.0, 1.0], counts=(0, 0, 0)), "not enough data"),
    ("exceeds_control", {}, lambda: arms([0.1, 0.6, 0.7], [0.1, 0.6, 0.61]), "holds"),
    ("exceeds_control", {}, lambda: arms([0.1, 0.6, 0.7], [0.1, 0.6, 0.69]), "fails"),
    ("exceeds_control", {"share": 0.1}, lambda: arms([0.1, 0.6, 0.7], [0.1, 0.6, 0.62]), "fails"),
    ("exceeds_control", {}, lambda: arms([0.1, 0.6, 0.7], [0.1, 0.6, 0.6], train=(0.5, 0.5, 0.5)), "not enough data"),
    ("rises_once_fitted", {}, lambda: fitted([9.0, 1.0, 2.0], [0.5, 0.0, 0.1]), "holds"),
    ("rises_once_fitted", {}, lambda: fitted([1.0, 2.0, 2.0], [0.5, 0.0, 0.0]), "fails"),
    ("rises_once_fitted", {}, lambda: fitted([1.0, 2.0, 3.0], [0.5, 0.5, 0.0]), "not enough data"),
    ("ranks", {"matched": 0.01}, lambda: networks(RISING), "holds"),
    ("ranks", {"matched": 0.01}, lambda: networks(MIXED), "fails"),
    ("ranks", {"matched": 0.01}, lambda: networks(RISING[::-1]), "fails"),
    ("ranks", {"falling": True}, lambda: networks(RISING[::-1]), "holds"),
    ("ranks", {"matched": 0.01}, lambda: networks(RISING, last_risk=0.02), "not enough data"),
    ("ranks", {}, lambda: networks(RISING[:5]), "not enough data"),
    ("linear_relation", {"matched": 0.01}, lambda: normalised(LINEAR), "holds"),
    ("linear_relation", {"matched": 0.01}, lambda: normalised(LINEAR[::-1]), "fails"),
    ("linear_relation", {"matched": 0.01}, lambda: normalised(MIXED), "fails"),
    ("linear_relation", {"matched": 0.01}, lambda: normalised([2.0] * 14), "fails"),
    ("linear_relation", {"matched": 0.01}, lambda: normalised(LINEAR, last_risk=0.02), "not enough data"),
    ("balanced", {}, lambda: descended(0.09), "holds"),
    ("balanced", {}, lambda: descended(0.11), "fails"),
    ("balanced", {}, lambda: descended(-0.11), "fails"),
    ("balanced", {}, lambda: descended(0.09, rate=0.05), "fails"),
    ("balanced", {}, lambda: descended(0.0, steps=1), "not enough data"),
    ("log_rate", SLOPE, lambda: margins(1.2), "holds"),
    ("log_rate", SLOPE, lambda: margins(0.9), "fails"),
    ("log_rate", SLOPE, lambda: margins(1.5), "fails"),
    ("log_rate", SLOPE, lambda: margins(1.2, steps=6), "not enough data"),
    ("agrees", SGD_GD, lambda: optimizers([0.66, 0.65], [0.655, 0.665]), "holds"),
    ("agrees", SGD_GD, lambda: optimizers([0.66, 0.65], [0.6, 0.61]), "fails"),
    ("agrees", SGD_GD, lambda: optimizers([0.66, 0.65], []), "not enough data"),
]  # fmt: skip


def settings_of(name: str, fields: dict[str, Any]) -> Any:
    return CLAIMS.load(name).Settings(name=name, **fields)


def judged(found: Frame, name: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    (verdict,) = verify(found, [settings_of(name, fields)])
    return verdict.verdict, verdict.evidence


@pytest.mark.parametrize(("name", "fields", "trials", "expected"), CASES)
def test_verdict(name: str, fields: dict[str, Any], trials: Callable[[], list[Trial]], expected: str) -> None:
    finding, evidence = judged(recorded(trials()), name, **fields)
    assert finding == expected, evidence
    json.dumps(evidence, allow_nan=False)


@pytest.mark.parametrize("name", CLAIMS.names())
def test_every_claim_in_the_folder_has_its_three_cases(name: str) -> None:
    exact = {finding for _, settings, _, finding in test_exact_claims.CASES if settings.name == name}
    here = {finding for other, _, _, finding in CASES if other == name}
    assert exact | here == {"holds", "fails", "not enough data"}


@pytest.mark.parametrize(("name", "fields", "trials"), {c[0]: c[:3] for c in CASES if c[3] == "holds"}.values())
def test_what_holds_is_open_with_one_seed_missing_or_diverged(
    name: str, fields: dict[str, Any], trials: Callable[[], list[Trial]]
) -> None:
    """A seed more in the first cell, of which nothing is known, or that diverged; then less is asked for."""
    known = trials()
    found = [*known, (known[0][0], {})]
    seeds = len(found) if name == "agrees" else 3
    assert judged(recorded(found, {len(known): "missing"}), name, **fields, min_seeds=seeds)[0] == "not enough data"
    assert judged(recorded(found, {len(known): "missing"}), name, **fields)[0] == "holds"
    finding, evidence = judged(recorded(found, {len(known): "diverged"}), name, **fields)
    assert finding == "not enough data" and evidence["diverged"] == 1
    assert judged(recorded(found, {len(known): "diverged"}), name, **fields, max_diverged=1)[0] == "holds"


@pytest.mark.parametrize(("name", "fields", "trials"), {c[0]: c[:3] for c in CASES if c[3] == "fails"}.values())
def test_what_fails_fails_though_others_diverged(
    name: str, fields: dict[str, Any], trials: Callable[[], list[Trial]]
) -> None:
    found = [*trials(), (trials()[0][0], {})]
    assert judged(recorded(found, {len(found) - 1: "diverged"}), name, **fields)[0] == "fails"


@pytest.mark.parametrize("name", sorted({c[0] for c in CASES}))
def test_nothing_is_said_where_nothing_is_recorded(name: str) -> None:
    fields, trials = next((c[1], c[2]) for c in CASES if c[0] == name)
    found = recorded(trials(), {place: "missing" for place in range(len(trials()))})
    assert judged(found, name, **fields)[0] == "not enough data"


def test_the_largest_width_missing_leaves_the_claim_open() -> None:
    trials = widths([0.4, 0.2, 0.3])
    finding, evidence = judged(recorded(trials, {4: "missing", 5: "failed"}), "no_overfitting")
    assert finding == "not enough data"
    assert (evidence["seeds"], evidence["missing"], evidence["failed"]) == (0, 1, 1)


def test_where_selects_what_is_judged_and_lines_are_named() -> None:
    trials: list[Trial] = [
        ({"net.width": w, "net.batch_norm": bn}, {"parameters": [w], "error test": [0.1 * w if bn else 0.1]})
        for w in (1, 2, 3)
        for bn in (True, False)
    ]
    found = recorded(trials)
    assert judged(found, "no_overfitting", where={"net.batch_norm": False})[0] == "holds"
    finding, evidence = judged(found, "no_overfitting")
    assert finding == "fails"
    assert (evidence["batch norm: verdict"], evidence["no batch norm: verdict"]) == ("fails", "holds")
    finding, evidence = judged(found, "no_overfitting", where={"net.batchnorm": True})
    assert finding == "not enough data" and "net.batch_norm" in evidence["reason"]


def test_interval_of_a_difference_is_welchs() -> None:
    from scipy.stats import ttest_ind

    first, last = [0.2, 0.25, 0.21], [0.3, 0.33, 0.41]
    trials: list[Trial] = [
        ({"net.width": w}, {"parameters": [w], "error test": [v]}) for w, vs in ((1, first), (2, last)) for v in vs
    ]
    _, evidence = judged(recorded(trials), "no_overfitting")
    low, high = ttest_ind(last, first, equal_var=False).confidence_interval(0.95)
    assert (evidence["difference"], evidence["interval"]) == pytest.approx(((low + high) / 2, (high - low) / 2))
    assert evidence["beyond_interval"] == "yes"


def test_matched_risk_is_interpolated_in_its_logarithm() -> None:
    """Risk 1, 0.1, 0.001 passes 0.01 halfway between the last two steps; the norm product there is i."""
    from tracking.verdicts.equal_risk import pairs
    from tracking.verdicts.verify import Quantity

    found = pairs(recorded(networks(RISING)), Quantity("norm_product", ""), Quantity("error", "test"), 0.01)
    assert np.array(sorted(found)) == pytest.approx(np.array([(float(i), e) for i, e in enumerate(RISING)]))
