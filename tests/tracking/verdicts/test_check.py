"""What a claim says of itself that cannot be: found from the settings of the trials, before anything runs."""

from typing import Any

import pytest

from orchestrator.spec import load
from orchestrator.spec.expand import expand
from tests.support.made_up.claim_rows import claim
from tracking.common.flatten import flat
from tracking.verdicts.check import check
from workers.trial import Trial

NETS = [{"net.width": w, "optimizer.name": o, "data.train_size": 100} for w in (2, 8) for o in ("sgd", "gd")]
ARMS = [{"perturbation.name": name} for name in ("none", "gaussian")]
AXES: list[list[Any]] = [["a", "b", "c"], [True, False], [1, None], [[2, 2], [4, 4]], [1, "2"]]

BAD: list[tuple[str, dict[str, Any], list[dict[str, Any]], str]] = [
    ("ordered_along", {"along": "rigde", "y": "norm", "order": "rising"}, [{"ridge": 1.0}], "along: no trial"),
    ("exceeds_control", {"arm": "perturbation.nam"}, ARMS, "arm: no trial has the setting 'perturbation.nam'"),
    ("exceeds_control", {"control": "nothing"}, ARMS, "there are gaussian, none"),
    ("exceeds_control", {}, ARMS[:1], "nothing to compare"),
    ("agrees", {"one": {"optimizer.name": "adam"}, "other": {"optimizer.name": "gd"}}, NETS, "one: no trial is"),
    ("agrees", {"one": {"optimizer.name": "gd"}, "other": {"net.width": 2}}, NETS, "a trial is both"),
    (
        "agrees",
        {"one": {"optimizer.name": "gd"}, "other": {"optimizer.name": "sgd"}, "also": ["optimizer.momentum"]},
        NETS,
        "also: no trial has the setting 'optimizer.momentum'",
    ),
    (
        "agrees",
        {"one": {"net.width": 2}, "other": {"net.width": 8}},
        [{"net.width": w, "net.depth": w} for w in (2, 8)],
        "they differ in net.depth: see `also`",
    ),
    ("fits_random_labels", {}, [{"data.train_size": 9, "data.label_noise": 0.0}], "needs random labels"),
    ("fits_random_labels", {}, [{"data.train_size": 9}], "needs random labels"),
    ("balanced", {}, [{"optimizer.name": "sgd"}], "needs optimizer.name gd, got sgd"),
    ("norm_grows", {}, [{"perturbation.name": "none"}], "needs trials with the perturbation 'gaussian'"),
    ("no_overfitting", {"x": "net.widht"}, NETS, "unknown setting or measure 'net.widht', did you mean 'net.width'?"),
    ("bounded", {"y": "nrom", "low": 0}, NETS, "unknown measure 'nrom', did you mean 'norm'?"),
    ("as_expected", {"expected": "nrom"}, NETS, "unknown measure 'nrom', did you mean 'norm'?"),
    (
        "bounded",
        {"y": "norm", "low": 0, "at": "every", "clock": "tiem", "after": 1},
        NETS,
        "unknown measure 'tiem', did you mean 'time'?",
    ),
]
MEASURES = ("error", "risk", "norm", "time", "parameters", "perturbations", "frobenius_norm", "expected_norm")


@pytest.mark.parametrize(("name", "fields", "trials", "problem"), BAD, ids=[f"{b[0]}: {b[3][:30]}" for b in BAD])
def test_what_cannot_be_judged_is_said_before_it_runs(
    name: str, fields: dict[str, Any], trials: list[dict[str, Any]], problem: str
) -> None:
    found = check(claim(name, **fields), trials, MEASURES)
    assert any(problem in one for one in found), found


@pytest.mark.parametrize("values", AXES, ids=repr)
def test_an_axis_without_order_is_refused(values: list[Any]) -> None:
    trials = [{"net.width": value} for value in values]
    (found,) = check(claim("no_overfitting", x="net.width"), trials, MEASURES)
    assert "no number" in found


@pytest.mark.parametrize("profile", [None, "laptop", "debug"])
@pytest.mark.parametrize("name", load.shipped_names())
def test_the_claims_of_every_shipped_sweep_can_be_judged(name: str, profile: str | None) -> None:
    if profile is not None and profile not in load.read(name).profiles:
        pytest.skip(f"{name} has no profile {profile}")
    sweep = load.read(name, profile)
    trials = [flat(trial.plain) for trial in one_a_cell(expand(sweep))]
    for one in sweep.claims:
        chosen = [t for t in trials if all(t.get(key) in listed(value) for key, value in one.where.items())]
        assert chosen and not check(one, chosen), one.label


def one_a_cell(trials: Any) -> list[Trial]:
    return list({trial.cell: trial for trial in trials}.values())


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
