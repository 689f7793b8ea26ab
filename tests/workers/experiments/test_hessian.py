"""Theorem 4: the spectrum at a zero of the square loss, against the Gauss-Newton matrix and finite differences."""

from typing import Any

import numpy as np
import pytest
import torch

from tests.support.stores.recorded import splits
from workers.experiments import hessian
from workers.experiments.hessian import Settings
from workers.trial import Trial

NET = hessian.network(Settings())


def found(**settings: Any) -> tuple[dict[str, float], np.ndarray]:
    values, spectrum = hessian.measures(Settings(**settings))
    return {measure: value for (_, measure, _), value in values.items()}, spectrum


@pytest.mark.parametrize("seed", range(3))
def test_square_loss_has_at_most_one_curved_direction_per_example(seed: int) -> None:
    values, spectrum = found(seed=seed)
    assert values["parameters"] == len(spectrum) == 104
    assert values["risk"] < 1e-28
    assert values["rank"] == 6
    assert values["negative"] == 0
    assert values["smallest_relative"] > -1e-10


def test_spectrum_is_that_of_the_gauss_newton_matrix() -> None:
    _, spectrum = found()
    x, y, start = hessian.problem(Settings())
    weights = hessian.interpolate(NET, x, y, start)
    jacobian = torch.func.jacrev(NET)(weights, x).numpy()
    small = np.linalg.eigvalsh(2 * jacobian @ jacobian.T)[::-1]
    assert spectrum[:6] == pytest.approx(small, rel=1e-10)


@pytest.mark.parametrize("loss", ["square", "exponential"])
def test_spectrum_has_the_trace_of_finite_differences(loss: str) -> None:
    _, spectrum = found(loss=loss)
    x, y, start = hessian.problem(Settings())
    weights = hessian.interpolate(NET, x, y, start)

    def risk(w: torch.Tensor) -> torch.Tensor:
        f = NET(w, x)
        return (f - y).square().sum() if loss == "square" else torch.exp(-y * f).sum()

    h = 1e-3
    shifts = h * torch.eye(104, dtype=torch.float64)
    trace = sum(float(risk(weights + s) + risk(weights - s) - 2 * risk(weights)) for s in shifts) / h**2
    assert spectrum.sum() == pytest.approx(trace, rel=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_exponential_loss_has_more_eigenvalues_than_examples_and_negative_ones(seed: int) -> None:
    values, _ = found(seed=seed, loss="exponential")
    assert values["rank"] > 90
    assert values["negative"] > 20
    assert values["smallest_relative"] < -1e-3


def test_ridge_lifts_every_eigenvalue() -> None:
    _, flat = found()
    values, lifted = found(ridge=0.01)
    assert lifted == pytest.approx(flat + 0.02, rel=1e-10)
    assert values["smallest"] >= 0.02 * (1 - 1e-6)
    assert values["rank"] == 104


def test_too_many_examples_are_refused() -> None:
    with pytest.raises(ArithmeticError, match="60 examples are not fitted"):
        found(examples=60, inputs=2, width=3)


def test_rows() -> None:
    trial = Trial.of("hessian", {})
    (progress,) = hessian.run([trial], "cpu", None)
    assert splits(progress.rows) == hessian.MEASURES
    assert [row.step for row in progress.rows if row.measure == "eigenvalue"] == list(range(104))
    assert progress.ended[trial.id].state == "finished"


@pytest.mark.parametrize(("net", "low", "high"), [("one_layer", 1, 6), ("linear", 7, 200), ("softplus", 7, 200)])
def test_one_layer_keeps_at_most_one_eigenvalue_per_example_under_the_exponential_loss(
    net: str, low: int, high: int
) -> None:
    values, spectrum = found(net=net, loss="exponential", inputs=12)
    assert values["risk"] < 1e-28
    assert low <= values["rank"] <= high
    assert values["rank"] + values["zero"] == len(spectrum)
