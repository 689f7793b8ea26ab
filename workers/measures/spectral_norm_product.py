"""Natural logarithm of the product over layers of their spectral norms (see spectral_norm; Bartlett et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("",)


def visits(train: int) -> float:
    """As spectral_norm."""
    return 50.0


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    import torch

    from workers.measures import spectral_norm

    layers = [values for _, _, values in spectral_norm.measure(snapshot)]
    yield "", "", torch.stack(layers).log().sum(0)
