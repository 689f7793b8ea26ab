"""PAC-Bayes sigma relative to the weights: as pac_bayes, with noise in proportion to each weight (Jiang 2020).

The variance of a weight's noise is sigma^2 w^2 + 1e-6, as of the magnitude-aware bounds there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("train",)
BOUNDS = (0, None)
FLOOR = 1e-3  # standard deviation of the noise of a weight that is 0


def visits(train: int) -> float:
    """Fourteen errors, each averaged over ten draws; a forward pass is a third of a visit."""
    return 14 * 10 / 3 * min(train, 1000)


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    from workers.theory.weight_noise import largest_sigma

    yield (
        "train", "",
        largest_sigma(snapshot, lambda value, sigma: (sigma**2 * value**2 + FLOOR**2).sqrt(), "pac_bayes_magnitude"),
    )  # fmt: skip
