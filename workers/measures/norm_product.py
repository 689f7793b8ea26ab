"""Natural logarithm of the product over layers of their Frobenius norms: sum_k log ||W_k|| (memo 90, Section 13)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("",)


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models.

    The product itself overflows for deep nets; its logarithm does not.
    """
    import torch

    yield "", "", torch.stack(list(snapshot.norms().values())).log().sum(0)
