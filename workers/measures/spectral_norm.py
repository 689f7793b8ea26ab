"""Spectral norm of every layer: of a matrix, or of the convolution itself on images of the size that it meets.

The largest singular value of the linear operator with its stride and zero padding, not of the reshaped weight; without
the bias, and without batch norm.
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


def visits(train: int) -> float:
    """Some fifty products with each convolution, of one image."""
    return 50.0


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models, one layer after the other."""
    import torch

    from workers.theory.layers_as_operators import operator_norms

    found = [operator_norms(snapshot, i) for i in range(snapshot.models)]
    for layer in found[0]:
        yield "", layer, torch.tensor([norms[layer] for norms in found], dtype=torch.float64)
