"""PAC-Bayes sigma: the largest noise on the weights with which the training error rises by at most 0.1 (Jiang 2020).

The standard deviation of Gaussian noise, equal for all parameters, found by bisection between 1e-5 and 10; the error is
the mean over 10 draws of noise, on the first 1000 training examples.
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


def visits(train: int) -> float:
    """Fourteen errors, each averaged over ten draws; a forward pass is a third of a visit."""
    return 14 * 10 / 3 * min(train, 1000)


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    from workers.theory.weight_noise import largest_sigma

    yield "train", "", largest_sigma(snapshot, lambda value, sigma: sigma, "pac_bayes")
