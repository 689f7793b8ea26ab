"""Number of parameters of the network: all weights and biases that training may change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("",)
BOUNDS = (0, None)


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models, the same for every model."""
    import torch

    count = sum(value[0].numel() for value in snapshot.parameters.values())
    models = len(next(iter(snapshot.parameters.values())))
    yield "", "", torch.full((models,), float(count), dtype=torch.float64)
