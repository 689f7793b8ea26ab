"""Stable rank of every layer's weight: squared Frobenius norm over squared spectral norm, weights as matrices.

The matrix of a convolution has a row for each output channel. Without biases.
"""

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
    """Yields split, layer and values of M models, one layer after the other."""
    from workers.theory.singular_values import of_layers

    for layer, values in of_layers(snapshot).items():
        yield "", layer, values.square().sum(1) / values[:, 0].square()
