"""Euclidean norm of all parameters of the network together (memo 90, Figure 5, right column)."""

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
    """Yields split, layer and values of M models."""
    import torch

    yield "", "", torch.stack(list(snapshot.norms().values())).square().sum(0).sqrt()
