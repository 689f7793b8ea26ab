"""Normalised risk: cross-entropy of the outputs divided by the product of the layers' Frobenius norms (Memo 91).

Where the network is homogeneous (memo 90, Section 13: no batch norm, biases nowhere or in the first layer), this is
the risk of the network whose every layer was divided by its norm. It lies near log C: the divided outputs are small.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("train", "test")
BOUNDS = (0, None)


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models.

    Exact, over the whole split, in float64, whatever the loss that is minimised.
    """
    import torch

    from workers.losses.cross_entropy import loss

    product = torch.stack(list(snapshot.norms().values())).log().sum(0).exp()
    for split in ("train", "test"):
        outputs, labels = snapshot.outputs(split)
        yield split, "", loss(outputs.double() / product[:, None, None], labels).mean(1)
