"""A plan knows of measures that take longer than an epoch, and of those that are taken once."""

import pytest

from orchestrator.planning import bundling, measured_speeds
from tests.support.networks import small_trials
from workers.bundle import together
from workers.experiments import network
from workers.training.settings import Settings


def cost(measure: list[str], evaluate_every: int = 1) -> float:
    settings = small_trials.trial(epochs=4, measure=measure, evaluate_every=evaluate_every).settings
    assert isinstance(settings, Settings)
    return network.cost(settings)


def test_a_costly_measure_counts_once_an_evaluation() -> None:
    plain, sharp, seldom = cost(["error"]), cost(["error", "sharpness"]), cost(["error", "sharpness"], 4)
    assert cost(["error", "norm", "risk"]) == plain
    assert sharp > 20 * plain, "the Hessian of 120 examples takes longer than an epoch on them"
    each = cost(["error", "sharpness"], 2) - cost(["error"], 2)
    assert sharp - plain > each > seldom - cost(["error"], 4) > 0


def test_a_measure_that_is_taken_once_counts_at_one_of_all_evaluations() -> None:
    whole = small_trials.trial(epochs=9, measure=["error", "trace"])
    cheap, once = small_trials.trial(epochs=9, measure=["error"]), whole.measuring_once(["trace", "sharpness"])
    assert once.once == ("trace",) and (once.id, once.plain) == (whole.id, whole.plain)
    least, most = bundling.cost(cheap), bundling.cost(whole)
    assert bundling.cost(once) == pytest.approx(least + (most - least) / 10)
    of_each = [measured_speeds.work(together([t]), "cpu").arithmetic.each for t in (cheap, once, whole)]
    assert of_each[1] == pytest.approx(of_each[0] + (of_each[2] - of_each[0]) / 10)
