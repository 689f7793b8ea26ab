"""The linear theory: descent against pseudo-inverse and support vectors, the ridge path, a misclassified example."""

from typing import Any

import numpy as np
import pytest
from sklearn.svm import SVC

from tests.support.stores.recorded import splits
from workers.experiments import linear, ridge
from workers.experiments.linear import Settings
from workers.theory.linear_classification import (
    exponential_descent,
    gaussian_data,
    hard_margin,
    log_risk,
    random_start,
    ridge_solution,
)
from workers.trial import Trial

NORMS = (0.0, 0.8, 4.8)


def data(seed: int = 0, examples: int = 20, inputs: int = 50) -> np.ndarray:
    x, y = gaussian_data(seed, examples, inputs)
    return x * y[:, None]


def last(**settings: Any) -> list[dict[str, float]]:
    """The last value of every measure, for the three lengths of the start in one bundle."""
    trials = [Trial.of("linear", {"start_norm": norm, **settings}) for norm in NORMS]
    (progress,) = linear.run(trials, "cpu", None)
    assert set(progress.ended) == {t.id for t in trials}
    return [{r.measure: r.value for r in progress.rows if r.trial == t.id and r.step == progress.step} for t in trials]


@pytest.mark.parametrize("seed", range(5))
def test_hard_margin_is_that_of_scikit_learn(seed: int) -> None:
    z = data(seed, examples=12, inputs=6) if seed == 4 else data(seed)
    if seed == 4:
        z = z * np.sign(z[:, :1])  # separable by the first input
    symmetric = SVC(kernel="linear", C=1e8, tol=1e-10).fit(np.vstack([z, -z]), np.repeat([1, -1], len(z)))
    assert symmetric.intercept_[0] == pytest.approx(0, abs=1e-6)
    assert hard_margin(z) == pytest.approx(symmetric.coef_[0], abs=1e-6)


def test_hard_margin_refuses_what_cannot_be_separated() -> None:
    with pytest.raises(ValueError, match=r"the examples .40. are not linearly separable in 3 inputs"):
        hard_margin(data(examples=40, inputs=3))


def test_square_loss_depends_on_the_start() -> None:
    found = last(loss="square")
    assert found[0]["cosine_minimum_norm"] == pytest.approx(1, abs=1e-12)
    assert found[1]["cosine_minimum_norm"] < 0.9
    assert found[2]["cosine_minimum_norm"] < 0.3
    assert all(values["risk"] < 1e-25 for values in found)
    assert all(values["null_norm"] < 1e-12 for values in found)


def test_square_loss_ends_at_the_nearest_interpolating_weights() -> None:
    x, y = gaussian_data(0, 20, 50)
    start = random_start(7, 50, 4.8)
    settings = Settings(loss="square", seed=7, start_norm=4.8)
    weights, _ = linear.path(settings, x, y, start[None], np.array([0, settings.iterations]))
    assert weights[1, 0] == pytest.approx(start + np.linalg.pinv(x) @ (y - x @ start), abs=1e-12)


def test_exponential_loss_does_not_depend_on_the_start() -> None:
    found = last(iterations=20_000)
    for values in found:
        assert values["cosine_max_margin"] > 0.999
        assert values["growth_rate"] == pytest.approx(1, abs=0.01)
        assert values["null_norm"] < 1e-9
        assert values["margin"] == pytest.approx(1 / np.linalg.norm(hard_margin(data())), rel=0.01)


def test_a_start_at_0_has_no_direction() -> None:
    trial = Trial.of("linear", {"loss": "square", "start_norm": 0.0, "iterations": 10})
    (progress,) = linear.run([trial], "cpu", None)
    first = {row.measure: row.value for row in progress.rows if row.step == 0}
    assert first["norm"] == first["margin"] == first["cosine_max_margin"] == first["cosine_minimum_norm"] == 0


def test_the_squared_error_may_grow_where_the_exponential_loss_is_minimised() -> None:
    """Weights at the maximum margin grow without bound: a launch of the shipped sweep took that for divergence."""
    settings = {"loss": "exponential", "step_rule": "loss_normalized", "learning_rate": 0.2, "iterations": 10_000}
    (progress,) = linear.run([trial := Trial.of("linear", settings)], "cpu", None)
    assert max(row.value for row in progress.rows if row.measure == "risk") > 1e6
    assert progress.ended[trial.id].state == "finished"


def test_constant_steps_overflow_from_a_start_that_misclassifies() -> None:
    trials = [Trial.of("linear", {"start_norm": norm, "step_rule": "constant", "iterations": 300}) for norm in NORMS]
    (progress,) = linear.run(trials, "cpu", None)
    assert [progress.ended[t.id].state for t in trials] == ["finished", "finished", "diverged"]


def test_descent_is_on_the_loss_it_says() -> None:
    z, w = data(), random_start(1, 50, 0.5)
    eps = 1e-6 * np.eye(50)
    gradient = (log_risk(z, w + eps) - log_risk(z, w - eps)) / 2e-6
    normalized, log_time = exponential_descent(z, w[None], 0.01, True, [1])
    plain, _ = exponential_descent(z, w[None], 1e-4, False, [1])
    assert normalized[0, 0] == pytest.approx(w - 0.01 * gradient, abs=1e-8)
    assert plain[0, 0] == pytest.approx(w - 1e-4 * np.exp(log_risk(z, w)) * gradient, abs=1e-8)
    assert log_time[0, 0] == pytest.approx(np.log(0.01) - log_risk(z, w))


def test_time_of_normalized_steps_is_the_time_of_the_flow() -> None:
    """One example of length 1: |w| = log(1 + t) exactly."""
    w, log_time = exponential_descent(np.array([[1.0]]), np.zeros((1, 1)), 1e-3, True, [20_000])
    assert w[0, 0, 0] == pytest.approx(20.0)
    assert log_time[0, 0] == pytest.approx(w[0, 0, 0], rel=1e-4)


def test_ridge_path_turns_to_the_maximum_margin() -> None:
    ridges = [1e-1, 1e-3, 1e-6, 1e-9, 1e-12]
    trials = [Trial.of("ridge", {"ridge": value}) for value in ridges]
    rows = [row for progress in ridge.run(trials, "cpu", None) for row in progress.rows]
    cosines = [next(r.value for r in rows if (r.trial, r.measure) == (t.id, "cosine_max_margin")) for t in trials]
    assert cosines == sorted(cosines)
    assert 0.99 < cosines[0] < 0.998 < cosines[-1] < 1
    assert max(r.value for r in rows if r.measure == "residual") < 1e-9


@pytest.mark.parametrize("value", [1e-1, 1e-6])
def test_ridge_solution_is_a_minimum(value: float) -> None:
    z = data()
    w = ridge_solution(z, value)
    draw = np.random.default_rng(0)
    best = np.exp(-z @ w).sum() + value * w @ w
    for _ in range(50):
        near = w + 1e-2 * draw.normal(size=50)
        assert np.exp(-z @ near).sum() + value * near @ near > best


def test_a_misclassified_example_makes_the_minimum_finite() -> None:
    """Equations (62) and (63): w* = log(x2 / x1) / (x1 + x2), and the equilibrium is hyperbolic."""
    exact = np.log(3.0 / 1.0) / (1.0 + 3.0)
    w, _ = exponential_descent(np.array([[-1.0], [3.0]]), np.zeros((1, 1)), 0.02, False, [2_000])
    assert w[0, 0, 0] == pytest.approx(exact, abs=1e-8)
    assert exact == pytest.approx(0.27465307216702, abs=1e-14)
    assert -np.exp(exact) - 9 * np.exp(-3 * exact) < 0


def test_misclassification_regularizes_only_what_its_examples_span() -> None:
    z = np.array([[-1.0, 0.0], [3.0, 0.0], [0.0, 1.0]])
    w, _ = exponential_descent(z, np.zeros((1, 2)), 0.02, False, [2_000, 20_000, 200_000])
    assert w[:, 0, 0] == pytest.approx(np.log(3) / 4, abs=1e-8)
    assert np.diff(w[:, 0, 1]) == pytest.approx(np.log(10), rel=0.02)


def test_measures_are_those_announced() -> None:
    trial = Trial.of("linear", {"iterations": 10, "log_points": 3})
    (progress,) = linear.run([trial], "cpu", None)
    assert splits(progress.rows) == linear.MEASURES
    trial = Trial.of("ridge", {})
    (progress,) = ridge.run([trial], "cpu", None)
    assert splits(progress.rows) == ridge.MEASURES
