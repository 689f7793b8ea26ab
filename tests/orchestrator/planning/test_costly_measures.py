"""A plan knows of measures that take longer than an epoch."""

from tests.support.networks import small_trials
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
