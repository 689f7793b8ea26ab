"""Bundles as engines take them: settings, examples and the order of an epoch; and how states of two engines compare."""

from typing import Any

import numpy as np
import torch

from tests.support.networks import small_trials
from workers.experiments import network
from workers.interfaces.networks.engine import Engine
from workers.runtime import seeds
from workers.training.examples import augment
from workers.training.examples.selection import Examples
from workers.training.rates import Rates
from workers.training.settings import Settings
from workers.trial import Trial

TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}  # of weights, errors and losses in float32 after a few epochs


def made(bundle: list[Trial]) -> tuple[list[Settings], Examples]:
    settings: list[Settings] = [t.settings for t in bundle]  # type: ignore[misc]
    return settings, Examples.of(network.load_images(settings[0]), settings)


def order(models: int, examples: int, epoch: int) -> np.ndarray:
    return np.stack([seeds.generator(m, "order", epoch).permutation(examples) for m in range(models)])


def run_epoch(
    engine: Engine, settings: list[Settings], order: np.ndarray, active: list[bool] | np.ndarray, epoch: int = 1
) -> None:
    """Trains one epoch at the rates of the models' schedules, on images augmented as their settings say."""
    rates, how = Rates(settings, order.shape[1]), settings[0].data.augment
    moves = np.stack([augment.drawn(how, s.seed, epoch, order.shape[1]) for s in settings]) if how else None
    engine.epoch(order, np.asarray(active, dtype=bool), rates.of(epoch), rates.before(epoch), moves)


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    for part, tensors in one.items():
        for name, value in tensors.items():
            torch.testing.assert_close(value, other[part][name], **TOLERANCE)


def nets() -> list[dict[str, Any]]:
    return [net for net in small_trials.nets() if net["name"] == "convnet"]
