"""Sharpness: the largest eigenvalue of the Hessian of the training risk (Cohen et al. 2021).

Over the first 5000 training examples. Lanczos' method takes some tens of products of the Hessian with a vector, each as
expensive as about two visits of every one of these examples: far more than an epoch of a small network takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workers.runtime.seeds import generator
from workers.theory.lanczos import largest_one
from workers.theory.one_model import OneModel

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("train",)
EXAMPLES = 5000  # training examples at most, the first ones of each model
TOLERANCE = 1e-4  # of the eigenvalue, relative


def visits(train: int) -> float:
    """Some fifty products with the Hessian, of two visits each."""
    return 100.0 * min(train, EXAMPLES)


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    import torch

    found = [_of_model(snapshot, i) for i in range(snapshot.models)]
    yield "train", "", torch.tensor(found, dtype=torch.float64)


def _of_model(snapshot: Snapshot, model: int) -> float:
    one = OneModel(snapshot, model, EXAMPLES)
    first = generator(snapshot.settings[model].seed, "sharpness").normal(size=len(one.weights))
    return largest_one(one.hessian_times, first, TOLERANCE)
