"""Normalised margin: the smallest margin divided by the product of the layers' Frobenius norms (Lyu and Li 2019)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("train",)


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    import torch

    product = torch.stack(list(snapshot.norms().values())).log().sum(0).exp()
    yield "train", "", snapshot.margins("train").amin(1).double() / product
