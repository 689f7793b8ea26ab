"""Measures of outputs, and of errors under noise on the weights, against NumPy."""

import numpy as np
import pytest
import torch

from tests.support.networks.snapshots import made, measured, one, plain
from workers.interfaces.snapshot import Snapshot
from workers.runtime import seeds
from workers.theory.weight_noise import HALVINGS, LARGEST, SMALLEST

LINEAR = {"net": {"name": "linear"}, "loss": "square", "optimizer": {"name": "sgd", "learning_rate": 0.01}}


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return made(2, epochs=5, **LINEAR)


@pytest.mark.parametrize("split", ["train", "test"])
def test_cross_entropy_and_the_percentile_are_those_of_the_outputs(snapshot: Snapshot, split: str) -> None:
    for model in range(2):
        outputs, labels = (part[model].numpy() for part in snapshot.outputs(split))
        chosen = np.take_along_axis(outputs, labels[:, None], 1)[:, 0]
        risk = (np.log(np.exp(outputs).sum(1)) - chosen).mean()
        assert measured("cross_entropy", snapshot)[split, ""][model] == pytest.approx(risk)
        others = np.where(np.arange(10) == labels[:, None], -np.inf, outputs).max(1)
        percentile = np.percentile(chosen - others, 10)
        assert measured("margin_10th_percentile", snapshot)[split, ""][model] == pytest.approx(percentile)
        if split == "train":
            norm = np.sqrt(sum(np.square(p.numpy()).sum() for p in plain(snapshot, model)[0].values()))
            assert one("normalized_margin_10th_percentile", snapshot, model) == pytest.approx(percentile / norm)


def noisy_error(snapshot: Snapshot, model: int, purpose: str, sigma: float | None) -> float:
    """The training error of the linear classifier, its noise drawn and added in NumPy."""
    p, x, y = plain(snapshot, model)
    errors = []
    for draw in range(10 if sigma else 1):
        rng = seeds.torch_generator(snapshot.settings[model].seed, purpose, draw)
        w = {}
        for name, value in p.items():
            spread = sigma or 0.0
            if purpose == "pac_bayes_magnitude" and sigma:
                spread = np.sqrt(sigma**2 * value.numpy() ** 2 + 1e-6)
            w[name] = value.numpy() + spread * torch.randn(value.shape, generator=rng).numpy()
        outputs = x.flatten(1).numpy() @ w["output.weight"].T + w["output.bias"]
        errors.append(np.mean(outputs.argmax(1) != y.numpy()))
    return float(np.mean(errors))


@pytest.mark.parametrize("name", ["pac_bayes", "pac_bayes_magnitude"])
def test_sigma_is_where_the_error_has_risen_by_a_tenth(snapshot: Snapshot, name: str) -> None:
    step = 1.0001 * (LARGEST / SMALLEST) ** (1 / 2**HALVINGS)
    for model in range(2):
        sigma, limit = one(name, snapshot, model), noisy_error(snapshot, model, name, None) + 0.1 + 1e-9
        assert SMALLEST < sigma < LARGEST
        assert noisy_error(snapshot, model, name, sigma) <= limit < noisy_error(snapshot, model, name, sigma * step)


def test_sigma_ends_where_no_noise_makes_the_error_worse() -> None:
    """At chance, on labels that are all alike to a network without weights."""
    dead = made(1, lambda name, value: value.zero_())
    assert one("pac_bayes", dead) == LARGEST


def test_sigma_shrinks_with_the_weights_of_a_classifier_that_stays_the_same(snapshot: Snapshot) -> None:
    smaller = made(2, lambda name, value: value.mul_(0.1), epochs=5, **LINEAR)
    assert one("pac_bayes", smaller) == pytest.approx(0.1 * one("pac_bayes", snapshot), rel=0.005)
