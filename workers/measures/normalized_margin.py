"""Normalised margin: the smallest margin divided by the product of the layers' Frobenius norms (Lyu and Li 2019)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot


def measure(snapshot: "Snapshot") -> "Iterator[tuple[str, str, Tensor]]":
    """Yields (split, layer, (M,))."""
    import torch

    product = torch.stack(list(snapshot.norms().values())).log().sum(0).exp()
    yield "train", "", snapshot.margins("train").amin(1).double() / product
