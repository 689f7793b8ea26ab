"""The identity of a trial: the same work has one id, however a sweep writes it."""

from typing import Any

import pytest

from tests.support.networks import small_trials
from workers.bundle import together
from workers.plugins import PERTURBATIONS
from workers.trial import Trial

SGD, GD = {"name": "sgd", "learning_rate": 0.05}, {"name": "gd", "learning_rate": 0.05}
DIGITS = {"name": "digits"}
SPELLINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [  # the same work twice
    ({"data": DIGITS}, {"data": {**DIGITS, "train_size": 1297}}),
    ({"data": {**DIGITS, "train_size": None}}, {"data": {**DIGITS, "train_size": 1297}}),
    ({"data": {**DIGITS, "train_size": 60}}, {"data": {**DIGITS, "train_size": 60, "test_size": 500}}),
    ({"optimizer": SGD}, {"optimizer": {**SGD, "batch_size": 100}}),
    ({"optimizer": GD}, {"optimizer": {**GD, "batch_size": None}}),
    ({"measure": ["error", "risk"]}, {"measure": ["risk", "error", "parameters"]}),
    ({}, {"loss": "cross_entropy", "precision": "float32", "until": None, "perturbation": {"name": "none"}}),
    ({"data": {**DIGITS, "train_size": 60}}, {"data": {**DIGITS, "train_size": 60, "label_noise": -0.0}}),
    ({"until": {}}, {"until": {"measure": "error", "split": "train", "at_most": 0.0}}),
]
OBSERVED: list[dict[str, Any]] = [{"measure": ["margin"]}, {"evaluate_every": 3}]
ONLY_AT_EVALUATIONS: list[dict[str, Any]] = [  # what is decided where a model is evaluated
    {"until": {"at_most": 0.1}},
    {"pretrain": {"label_noise": 1.0, "epochs": 2, "until": {}}},
    {"perturbation": {"name": "gaussian", "every": 1}},
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_the_same_work_is_one_trial_under_two_spellings(one: dict[str, Any], other: dict[str, Any]) -> None:
    a, b = small_trials.trial(**one), small_trials.trial(**other)
    assert (a.id, a.cell, a.shape) == (b.id, b.cell, b.shape) and a.plain == b.plain
    assert a.with_seed(7).id == small_trials.trial(7, **other).id


def test_other_work_is_another_trial() -> None:
    sizes = [{**DIGITS, "train_size": n} for n in (60, 1296, 1297)] + [{**DIGITS, "test_size": 499}]
    assert len({small_trials.trial(data=data).id for data in sizes}) == 4


@pytest.mark.parametrize("observed", OBSERVED)
def test_what_is_only_observed_is_not_in_the_id(observed: dict[str, Any]) -> None:
    one, other = small_trials.trial(), small_trials.trial(**observed)
    assert (one.id, one.cell) == (other.id, other.cell) and one.plain != other.plain
    assert one.shape != other.shape, "they are not measured in one bundle"
    assert together([one]).id != together([other]).id


@pytest.mark.parametrize("waits", ONLY_AT_EVALUATIONS)
def test_how_often_is_in_the_id_where_the_training_depends_on_it(waits: dict[str, Any]) -> None:
    assert small_trials.trial(**waits).id != small_trials.trial(**waits, evaluate_every=3).id
    assert small_trials.trial(**waits).id == small_trials.trial(**waits, measure=["margin"]).id
    without_end = {**waits.get("pretrain", {}), "until": None} if "pretrain" in waits else None
    if without_end:
        one, other = (small_trials.trial(pretrain=without_end, evaluate_every=n) for n in (1, 3))
        assert one.id == other.id


def test_every_perturbation_but_none_depends_on_evaluations() -> None:
    for name in PERTURBATIONS.names():
        settings = PERTURBATIONS.load(name).Settings(name=name)
        assert settings.acts_at_evaluations == (name != "none")


def test_what_is_recorded_and_shown_are_the_numbers_that_defaults_stand_for() -> None:
    plain = small_trials.trial(data=DIGITS, optimizer=SGD).plain
    sizes = {"train_size": 1297, "test_size": 500}
    assert {key: plain["data"][key] for key in ("name", *sizes, "label_noise")} == {
        **DIGITS,
        **sizes,
        "label_noise": 0.0,
    }
    assert plain["optimizer"]["batch_size"] == 100


def test_what_is_recorded_makes_the_same_trial_again() -> None:
    trial = small_trials.trial(data=DIGITS, optimizer=SGD)
    assert Trial.of(trial.experiment, trial.plain).id == trial.id
