"""Trace of the Hessian of the training risk, by Hutchinson's estimate; the exact sum for small networks.

Over the first 5000 training examples. The estimate is the mean of v . H v over 32 vectors v of random signs, drawn by
the trial's seed (Hutchinson 1989); where there are at most 32 parameters, each unit vector is taken once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from workers.runtime.seeds import generator
from workers.theory.one_model import OneModel

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("train",)
EXAMPLES = 5000  # training examples at most, the first ones of each model
VECTORS = 32


def visits(train: int) -> float:
    """A product with the Hessian takes two."""
    return 2.0 * VECTORS * min(train, EXAMPLES)


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    import torch

    found = [_of_model(snapshot, i) for i in range(snapshot.models)]
    yield "train", "", torch.tensor(found, dtype=torch.float64)


def _of_model(snapshot: Snapshot, model: int) -> float:
    one = OneModel(snapshot, model, EXAMPLES)
    size = len(one.weights)
    if size <= VECTORS:
        return float(sum(unit @ one.hessian_times(unit) for unit in np.eye(size)))
    rng = generator(snapshot.settings[model].seed, "trace")
    signs = rng.choice([-1.0, 1.0], size=(VECTORS, size))
    return float(np.mean([v @ one.hessian_times(v) for v in signs]))
