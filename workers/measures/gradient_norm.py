"""Euclidean norm of the gradient of the training risk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("train",)
BOUNDS = (0, None)


def visits(train: int) -> float:
    """One of each example."""
    return 1.0 * train


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    squares = (value.double().flatten(1).square().sum(1) for value in snapshot.gradient("train").values())
    yield "train", "", sum(squares, snapshot.zeros()).sqrt()
