"""Frobenius norm of every layer, the layer's bias included (as the memo's authors do for the first layer)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot


def measure(snapshot: "Snapshot") -> "Iterator[tuple[str, str, Tensor]]":
    """Yields (split, layer, (M,)), one layer after the other."""
    for layer, norm in snapshot.norms().items():
        yield "", layer, norm
