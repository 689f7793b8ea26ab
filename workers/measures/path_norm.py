"""Path norm: the square root of the sum over all paths from input to output of the product of squared weights.

Neyshabur et al. 2015, for ReLU networks: the outputs of the network with squared parameters for an image of ones. Batch
norm is the affine map of its running statistics, squared as the other weights are; a maximum stays a maximum.
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
    """Yields split, layer and values of M models: in float64, since squares of deep networks overflow."""
    import torch

    from workers.theory.squared_network import SquaredBatchNorm

    with torch.no_grad(), SquaredBatchNorm():
        squares = {name: value.detach().double().square() for name, value in snapshot.parameters.items()}
        ones = torch.ones_like(snapshot.images("train", most=1), dtype=torch.float64)
        yield "", "", snapshot.forward(squares, ones)[:, 0].sum(1).sqrt()
