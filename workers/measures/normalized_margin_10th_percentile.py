"""10th percentile of the margins on train divided by the product of the layers' Frobenius norms (Jiang 2020)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("train",)
SHARE = 0.1


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    import torch

    product = torch.stack(list(snapshot.norms().values())).log().sum(0).exp()
    yield "train", "", snapshot.margins("train").double().quantile(SHARE, 1) / product
