"""Langevin dynamics: the noise of its steps, its stationary distribution, and the same alone, in a bundle, resumed."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.networks import small_trials
from tests.support.networks.engine_bundles import made, order
from tests.support.networks.trained import ALONE_TOLERANCE, of, run
from workers.engines.choose import choose
from workers.experiments import network
from workers.interfaces.optimizer import numbers_of
from workers.optimizers import sgld
from workers.training.step_noise import StepNoise
from workers.trial import Trial

RATE, TEMPERATURE = 0.02, 0.08
WIDE = {"net": {"name": "mlp", "hidden": [64]}, "data": {"name": "digits", "train_size": 40, "test_size": 20}}
ENGINES = ("reference", "modules")  # those that train with it

torch.set_num_threads(1)  # sums in the same order each time


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SWEEP_ENGINE", request.param)
    return str(request.param)


def trial(seed: int, temperature: float = TEMPERATURE, batch_size: int | None = 10, **changes: Any) -> Trial:
    optimizer = {"name": "sgld", "learning_rate": RATE, "temperature": temperature, "batch_size": batch_size}
    return small_trials.trial(seed, **{**WIDE, "optimizer": optimizer, **changes})


def moved(trials: list[Trial]) -> np.ndarray:
    """All weights of each model after one step on all examples."""
    settings, examples = made(trials)
    trained = choose(settings, examples, "cpu")
    trained.epoch(order(len(trials), 40, 1), np.ones(len(trials), bool), np.full((len(trials), 1), RATE), 0)
    assert type(trained).__name__.lower() in ENGINES
    return torch.cat([value.flatten(1) for value in trained.parameters().values()], 1).numpy()


def test_the_noise_of_a_step_has_the_stated_deviation_and_each_model_its_own(engine: str) -> None:
    """n numbers: their mean is within 4 / sqrt(n) of 0, their standard deviation within 4 / sqrt(2 n) of 1."""
    hot, cool, frozen = (moved([trial(s, t, None) for s in range(2)]) for t in (TEMPERATURE, TEMPERATURE / 4, 0.0))
    noise = (hot - frozen) / (2 * RATE * TEMPERATURE) ** 0.5
    n = noise.shape[1]
    assert n > 4000
    assert noise.mean(1) == pytest.approx(0, abs=4 / n**0.5)
    assert noise.std(1) == pytest.approx(1, abs=4 / (2 * n) ** 0.5)
    assert np.corrcoef(noise)[0, 1] == pytest.approx(0, abs=4 / n**0.5)
    np.testing.assert_allclose(cool - frozen, (hot - frozen) / 2, atol=1e-5)


def test_a_model_is_the_same_alone_and_in_a_bundle(engine: str) -> None:
    """To the bit where models are trained one after the other."""
    bundle = [trial(1), trial(2, TEMPERATURE / 10)]
    assert bundle[0].shape == bundle[1].shape, "they are trained together"
    together = run(bundle)
    for one in bundle:
        alone = of(one, run([one]))
        assert of(one, together) == (alone if engine == "modules" else pytest.approx(alone, rel=ALONE_TOLERANCE))


def test_a_resume_changes_no_bit(engine: str) -> None:
    bundle = [trial(s) for s in range(2)]
    undisturbed = run(bundle)
    state = list(itertools.islice(network.run(bundle, "cpu", None), 2))[-1].state()
    rest = {tuple(r[:5]): r.value for p in network.run(bundle, "cpu", state) for r in p.rows}
    assert rest == {key: value for key, value in undisturbed.items() if key[1] > 1}


def test_the_engines_draw_the_same_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for name in ENGINES:
        monkeypatch.setenv("SWEEP_ENGINE", name)
        found.append(moved([trial(0, batch_size=None)]))
    np.testing.assert_allclose(*found, atol=1e-5)


def test_the_stationary_variance_on_a_parabola_is_that_of_theory() -> None:
    """On a w^2 / 2, steps of rate h have the stationary variance T / (a (1 - h a / 2)): w' = (1 - h a) w + noise of
    variance 2 h T. The sample variance of n normal numbers deviates by sqrt(2 / n) of it."""
    a, h, n = np.array([0.5, 2.0]), 0.3, 40_000
    bundle = [trial(s).settings for s in range(2)]
    noise = StepNoise(bundle)  # type: ignore[arg-type]
    numbers = numbers_of([s.optimizer for s in bundle], torch.float64, "cpu")  # type: ignore[attr-defined]
    p = {"w": torch.zeros(2, n, dtype=torch.float64)}
    for t in range(1, 61):  # (1 - h a)^120 < 1e-8: the start is forgotten
        gradient = {"w": torch.tensor(a)[:, None] * p["w"]}
        rate, number = torch.full((2,), h, dtype=torch.float64), torch.tensor(float(t), dtype=torch.float64)
        sgld.step(numbers, p, gradient, noise.of(p, t), rate, number)
    expected = TEMPERATURE / (a * (1 - h * a / 2))
    assert p["w"].var(1).numpy() == pytest.approx(expected, rel=4 * (2 / n) ** 0.5)


def test_steps_after_a_pretraining_have_other_noise_than_those_of_the_pretraining() -> None:
    """The numbers of steps begin at 1 in both."""
    noisy, clean = ({"label_noise": share, "epochs": 1} for share in (0.5, 0.0))
    p = {"w": torch.zeros(1, 5)}
    plain, after, skipped = (
        StepNoise([trial(0, **changes).settings]).of(p, 1)["noise"]["w"]  # type: ignore[list-item]
        for changes in ({}, {"pretrain": noisy}, {"pretrain": clean})
    )
    assert not torch.equal(plain, after)
    assert torch.equal(plain, skipped), "without label noise nothing is trained before"
