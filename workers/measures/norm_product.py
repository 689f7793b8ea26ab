"""Natural logarithm of the product over layers of their Frobenius norms: sum_k log ||W_k|| (memo 90, Section 13)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot


def measure(snapshot: "Snapshot") -> "Iterator[tuple[str, str, Tensor]]":
    """Yields (split, layer, (M,)). The product itself overflows for deep nets; its logarithm does not."""
    import torch

    yield "", "", torch.stack(list(snapshot.norms().values())).log().sum(0)
