"""Figure 4: the closed form of descent against the literal iteration, golden values and exact expectations."""

from typing import Any

import mpmath
import numpy as np
import pytest

from tests.support.networks.literal_descent import literal
from tests.support.stores.recorded import splits
from workers.experiments import regression
from workers.experiments.regression import Settings
from workers.interfaces.networks.divergence import LARGEST_RISK
from workers.theory.closed_form_descent import descent, signed_power
from workers.theory.polynomials import features, nodes, sine
from workers.trial import Trial

FOREVER = 10**12

GOLDEN = [  # degree, nodes, iterations, train, test, norm: descent from 0 in float64, every digit stated
    (30, "chebyshev", 10**3, "1.065157e-01", "0.57218149", "3.62902408"),
    (30, "chebyshev", 10**4, "1.400457e-03", "1.46533121", "15.40353641"),
    (30, "chebyshev", FOREVER, "0", "1.63374091", "16.92918975"),
    (30, "authors", 10**3, "7.254481e-02", "1.07214854", "3.79259983"),
    (30, "authors", 10**4, "1.179878e-03", "0.75294960", "12.93520535"),
    (30, "authors", 250_000, "3.913769e-09", "0.94380554", "14.36907901"),
    (30, "authors", FOREVER, "0", "0.94445057", "14.37009063"),
    (39, "chebyshev", 10**4, "7.953473e-04", "2.26902753", "14.89257471"),
    (39, "chebyshev", FOREVER, "0", "2.49455507", "15.98069897"),
    (39, "authors", 10**4, "8.335219e-04", "1.11660145", "12.63832320"),
    (39, "authors", 10**5, "3.629760e-06", "1.62641954", "13.75934181"),
    (39, "authors", FOREVER, "0", "1.67596052", "13.80216650"),
]


def trials(count: int = 1, **settings: Any) -> list[Trial]:
    return [Trial.of("regression", {"seed": seed, **settings}) for seed in range(count)]


def recorded(given: list[Trial]) -> dict[tuple[str, str, str, int], float]:
    rows = [row for progress in regression.run(given, "cpu", None) for row in progress.rows]
    return {(row.trial, row.split, row.measure, row.step): row.value for row in rows}


def literal_weights(settings: Settings) -> np.ndarray:
    """The weights [1, P] at the last step, by a loop that knows nothing of eigenvectors."""
    x = nodes(settings.train_points, settings.nodes)
    phi, y = features(x, settings.degree, settings.basis), sine(x, settings.frequency)
    start, walk = regression.draws(settings, settings.seed)
    w, done = start[None], 0
    for kick in walk:
        w = literal(phi, y, settings.learning_rate, w, settings.noise_every) + kick
        done += settings.noise_every
    return literal(phi, y, settings.learning_rate, w, settings.iterations - done)


@pytest.mark.parametrize(("degree", "rule", "iterations", "train", "test", "norm"), GOLDEN)
def test_golden_values_to_every_stated_digit(
    degree: int, rule: str, iterations: int, train: str, test: str, norm: str
) -> None:
    given = trials(degree=degree, nodes=rule, iterations=iterations, init="zero", noise=0, log_points=2)
    values = recorded(given)
    at = {measure: values[given[0].id, *measure, iterations] for measure in [("train", "risk"), ("test", "risk")]}
    if train == "0":
        assert at["train", "risk"] < 1e-25
    else:
        assert f"{at['train', 'risk']:.6e}" == train
    assert f"{at['test', 'risk']:.8f}" == test
    assert f"{values[given[0].id, '', 'norm', iterations]:.8f}" == norm


@pytest.mark.parametrize("rule", ["chebyshev", "authors"])
def test_closed_form_is_the_literal_iteration(rule: str) -> None:
    settings = Settings(nodes=rule, iterations=20_000, noise_every=3_000, noise_until=10_000, seed=3)
    given = regression.problem(settings)
    steps = np.array([settings.iterations])
    exact = given.descent.weights(regression.trajectory(given, settings, steps, [settings.seed]))[0]
    slow = literal_weights(settings)
    assert np.abs(exact - slow).max() / np.abs(slow).max() < 1e-11


def test_literal_descent_keeps_the_null_space_too() -> None:
    x = nodes(9, "chebyshev")
    phi, y = features(x, 39, "monomial"), sine(x, 4)
    start = np.random.default_rng(0).normal(size=(1, 40))
    null = descent(phi, y, 0.2).basis[:, 9:]
    assert np.abs((literal(phi, y, 0.2, start, 5_000) - start) @ null).max() < 1e-10


def test_unperturbed_descent_does_not_move_in_the_null_space_at_all() -> None:
    moved = [value for key, value in recorded(trials(noise=0, log_points=50)).items() if key[2] == "null_norm"]
    assert len(moved) == 51
    assert set(moved) == {0.0}


def test_expectations_are_those_of_many_repetitions() -> None:
    settings = Settings(nodes="authors", iterations=20_000, noise_every=4_000, noise_until=16_000)
    given = regression.problem(settings)
    steps = np.array([0, 1, 4_000, 4_001, 16_001, 20_000])
    sample = regression.measures(given, regression.trajectory(given, settings, steps, range(600)))
    expected = regression.expectation(given, settings, steps)
    for split, measure, power in [("train", "risk", 1), ("test", "risk", 1), ("", "norm", 2), ("", "null_norm", 2)]:
        values = sample[split, measure, ""] ** power
        error = values.std(axis=0, ddof=1) / np.sqrt(600)
        off = values.mean(axis=0) - expected[split, f"expected_{measure}", ""] ** power
        assert np.all(np.abs(off) <= 4 * error), (split, measure)


def test_null_space_walk_has_the_slope_of_the_noise() -> None:
    settings = Settings()
    given = regression.problem(settings)
    expected = regression.expectation(given, settings, np.array([4_920_000, 4_920_001]))["", "expected_null_norm", ""]
    assert expected**2 == pytest.approx([40 * 31 * 0.45**2, 41 * 31 * 0.45**2], rel=1e-12)


def test_a_trial_is_the_same_to_the_last_bit_in_any_bundle() -> None:
    settings = {"iterations": 500_000, "log_points": 30}
    together = recorded(trials(5, **settings))
    alone = recorded(trials(5, **settings)[3:4])
    assert alone == {key: together[key] for key in alone}


def test_rows_around_a_perturbation_show_the_value_before_and_after() -> None:
    given = trials(iterations=1_000_000, noise_every=400_000, noise_until=400_000, log_points=2)
    values = recorded(given)
    before, after, end = (values[given[0].id, "train", "risk", step] for step in (400_000, 400_001, 1_000_000))
    assert before < 1e-12
    assert after > 1e-3
    assert end < 1e-12
    assert values[given[0].id, "", "null_norm", 400_000] == 0
    assert values[given[0].id, "", "null_norm", 400_001] == values[given[0].id, "", "null_norm", 1_000_000] > 0


def test_too_large_a_step_is_recorded_as_diverged() -> None:
    given = trials(basis="legendre", learning_rate=2.0, noise=0, log_points=20)
    (progress,) = regression.run(given, "cpu", None)
    ended = progress.ended[given[0].id]
    assert ended.state == "diverged"
    assert 0 < ended.step < 10_000_000
    assert ended.reason == "expected_norm, expected_risk, norm, risk not finite"
    assert {row.step for row in progress.rows} >= {0, ended.step, 10_000_000}


def test_a_risk_above_the_bound_is_recorded_as_diverged_though_it_is_finite() -> None:
    """As of trained networks: a risk of 5.7e23 is no result."""
    given = trials(basis="legendre", learning_rate=2.0, noise=0, log_points=20, iterations=60)
    (progress,) = regression.run(given, "cpu", None)
    risks = {row.step: row.value for row in progress.rows if (row.split, row.measure) == ("train", "risk")}
    ended = progress.ended[given[0].id]
    assert max(risks.values()) > 1e20 and np.isfinite(list(risks.values())).all()
    assert (ended.state, ended.reason) == ("diverged", "the training risk exceeds 1e+06")
    assert ended.step == min(step for step, risk in risks.items() if risk > LARGEST_RISK)


def test_fewer_weights_than_points_leave_no_null_space() -> None:
    given = regression.problem(Settings(degree=4, basis="legendre"))
    assert given.descent.rank == 5
    least_squares = np.linalg.lstsq(given.phi["train"], given.y["train"], rcond=None)[0]
    assert np.allclose(given.descent.solution, least_squares, atol=1e-13)


def test_signed_powers_against_fifty_digits() -> None:
    with mpmath.workdps(50):
        for shrink in (2.3e-5, 0.3, 0.5, 1.0, 1.3, 1.89):
            for steps in (0, 1, 2, 7, 100_000):
                exact = float((1 - mpmath.mpf(shrink)) ** steps)
                assert float(signed_power(np.array(shrink), np.array(steps))) == pytest.approx(exact, rel=1e-10, abs=0)


def test_nodes_are_what_their_rules_say() -> None:
    k = np.arange(1, 10)
    assert np.allclose(nodes(9, "chebyshev"), np.cos(np.pi * (2 * k - 1) / 18), atol=1e-15)
    assert np.allclose(nodes(9, "authors"), np.cos((np.pi * 2 * k - 1) / 18), atol=1e-15)
    assert nodes(9, "authors")[-1] == pytest.approx(-0.9985, abs=5e-5)
    assert len(nodes(76, "authors", extra=1)) == 77
    assert np.allclose(features(nodes(9, "chebyshev"), 9, "chebyshev")[:, 9], 0, atol=1e-14)


def test_every_measure_is_recorded_and_every_trial_ends() -> None:
    given = trials(3, iterations=1_000_000, log_points=10)
    (progress,) = regression.run(given, "cpu", None)
    assert splits(progress.rows) == regression.MEASURES
    assert {row.trial for row in progress.rows} == set(progress.ended) == {t.id for t in given}
    assert {(o.state, o.step, o.reason) for o in progress.ended.values()} == {
        ("finished", 1_000_000, "iterations done")
    }


def test_a_resumed_bundle_goes_on_with_the_trials_that_are_left() -> None:
    given = trials(40, iterations=1_000, noise=0, log_points=3)
    first, second = regression.run(given, "cpu", None)
    (resumed,) = regression.run(given, "cpu", first.state())
    assert set(first.ended) | set(second.ended) == {t.id for t in given}
    assert (resumed.rows, resumed.ended) == (second.rows, second.ended)
