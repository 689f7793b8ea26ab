"""Sum of the absolute values of all parameters of the network."""

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
    yield (
        "",
        "",
        sum(
            (value.detach().double().flatten(1).abs().sum(1) for value in snapshot.parameters.values()),
            snapshot.zeros(),
        ),
    )
