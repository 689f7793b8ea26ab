"""Effective rank of every layer's weight: exp of the entropy of its normalised singular values (Roy and Vetterli 2007).

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
        share = values / values.sum(1, keepdim=True)
        yield "", layer, share.xlogy(share).sum(1).neg().exp()
