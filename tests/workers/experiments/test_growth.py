"""Figure 7: the flow of the layer norms against golden values, closed forms, conservation laws and literal descent."""

from typing import Any

import mpmath
import numpy as np
import pytest
from scipy.special import expi

from workers.experiments import growth
from workers.experiments.growth import Settings
from workers.trial import Trial

GOLDEN = {  # layers: the product of the norms at t = 1e2, 1e4, 1e6, 1e8, for f~ = 1 and norms that start at 1
    1: "4.631990 9.210612 13.815513 18.420681",
    2: "7.064506 12.319888 17.295111 22.163611",
    3: "8.309893 13.683489 18.742979 23.677738",
    5: "9.614224 15.032460 20.141253 25.118887",
    10: "11.015621 16.424311 21.552511 26.552231",
}
TIMES = np.array([0, 1e2, 1e4, 1e6, 1e8])


def product(settings: Settings, times: np.ndarray = TIMES) -> np.ndarray:
    return growth.norms(settings, times).prod(axis=1)


def recorded(**settings: Any) -> tuple[Trial, dict[tuple[str, str], np.ndarray]]:
    trial = Trial.of("growth", settings)
    (progress,) = growth.run([trial], "cpu", None)
    assert progress.ended[trial.id].state == "finished"
    keys = {(row.measure, row.layer) for row in progress.rows}
    return trial, {k: np.array([r.value for r in progress.rows if (r.measure, r.layer) == k]) for k in keys}


@pytest.mark.parametrize("layers", GOLDEN)
def test_golden_values_to_every_stated_digit(layers: int) -> None:
    assert " ".join(f"{p:.6f}" for p in product(Settings(layers=layers))[1:]) == GOLDEN[layers]


def test_golden_layer_norms() -> None:
    rho = growth.norms(Settings(layers=2), TIMES)[1:, 0]
    assert [f"{r:.6f}" for r in rho] == ["2.657914", "3.509970", "4.158739", "4.707824"]


@pytest.mark.parametrize("output", [0.5, 1.0, 2.0])
def test_one_layer_is_the_logarithm(output: float) -> None:
    settings = Settings(layers=1, normalized_output=output)
    exact = np.log(output**2 * TIMES + np.exp(output)) / output
    assert np.abs(product(settings) - exact).max() < 2e-9


@pytest.mark.parametrize("output", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(("flow", "speed"), [("per_layer", 2), ("tied", 4)])
def test_two_layers_are_the_inverse_of_the_exponential_integral(output: float, flow: Any, speed: int) -> None:
    u = product(Settings(layers=2, normalized_output=output, flow=flow)) * output
    for t, value in zip(TIMES, u, strict=True):
        target = speed * output * t + expi(output)  # Ei(u) = li(R) = alpha t + C
        exact = mpmath.findroot(lambda x, goal=target: mpmath.log(mpmath.ei(x) / goal), float(value) + 0.01)
        assert abs(float(exact) - value) < 5e-9


@pytest.mark.parametrize("layers", [1, 2, 3, 10])
def test_tied_flow_is_the_other_with_time_running_as_many_times_faster(layers: int) -> None:
    tied = growth.norms(Settings(layers=layers, flow="tied"), TIMES)
    assert np.allclose(tied, growth.norms(Settings(layers=layers), layers * TIMES), rtol=1e-8)


def test_differences_of_squared_norms_are_conserved() -> None:
    _, values = recorded(layers=4, unequal=0.6, time_max=1e8)
    assert values["norm", "1"][0] == pytest.approx(0.4)
    assert values["norm", "4"][0] == pytest.approx(1.6)
    assert values["drift", ""].max() < 1e-8
    gap = values["norm", "4"] ** 2 - values["norm", "1"] ** 2
    assert np.abs(gap - gap[0]).max() < 1e-8


@pytest.mark.parametrize(("layers", "unequal"), [(1, 0.0), (2, 0.5), (3, 0.0)])
def test_literal_descent_follows_the_flow(layers: int, unequal: float) -> None:
    settings = Settings(layers=layers, unequal=unequal)
    rho, size = growth.initial_norms(settings).tolist(), 0.1
    for _ in range(100_000):
        total = float(np.prod(rho))
        rho = [r + size * total / r * np.exp(-total) for r in rho]
    assert np.prod(rho) == pytest.approx(product(settings, np.array([0, 1e4]))[1], rel=1e-4)


def test_rows_say_what_they_are() -> None:
    trial, values = recorded(layers=3, time_max=1e4, points_per_decade=5)
    times = values["time", ""]
    assert {measure for measure, _ in values} == set(growth.MEASURES)
    assert times[0] == 0
    assert {1.0, 10.0, 100.0, 1000.0, 10_000.0} <= set(times)
    assert len(times) == 1 + 5 * 5 + 1
    assert len(values["product_per_log_time", ""]) == np.sum(times >= 10)
    slope = np.gradient(values["product_of_norms", ""], times)
    assert np.allclose((times * slope)[2:-1], values["rate", ""][2:-1], rtol=0.1)
    assert trial.plain["flow"] == "per_layer"


def test_product_grows_faster_and_layers_slower_with_depth_but_all_as_the_logarithm() -> None:
    found = {layers: recorded(layers=layers, time_max=1e8)[1] for layers in GOLDEN}
    late = found[1]["time", ""] > 10
    for shallow, deep in zip([1, 2, 3, 5], [2, 3, 5, 10], strict=True):
        assert np.all(found[deep]["product_of_norms", ""][late] > found[shallow]["product_of_norms", ""][late])
        assert np.all(found[deep]["norm", "1"][late] < found[shallow]["norm", "1"][late])
    assert found[1]["rate", ""][-1] == pytest.approx(1, abs=1e-6)
    for values in found.values():
        assert np.all(np.diff(values["product_per_log_time", ""]) < 0)
        assert values["product_per_log_time", ""][-1] > 1


def test_a_resumed_bundle_goes_on_with_the_trials_that_are_left() -> None:
    given = [Trial.of("growth", {"layers": layers}) for layers in (1, 2, 3)]
    whole = list(growth.run(given, "cpu", None))
    rest = list(growth.run(given, "cpu", whole[0].state()))
    assert [p.rows for p in rest] == [p.rows for p in whole[1:]]


def test_norms_that_are_tied_cannot_be_unequal() -> None:
    with pytest.raises(ValueError, match="unequal must be 0 where flow is tied"):
        Settings(flow="tied", unequal=0.5)
