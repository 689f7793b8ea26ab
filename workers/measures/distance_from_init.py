"""Frobenius distance of the parameters from those that the seed drew: of every layer, and of the whole network.

Where there was `pretrain`, it counts as training.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workers.interfaces.net import layer_of

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("",)
BOUNDS = (0, None)


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    squares: dict[str, Tensor] = {}
    for name, value in snapshot.parameters.items():
        square = (value.detach() - snapshot.initial[name]).double().flatten(1).square().sum(1)
        for layer in ("", layer_of(name)):
            squares[layer] = squares[layer] + square if layer in squares else square
    for layer, total in squares.items():
        yield "", layer, total.sqrt()
