"""Cross-entropy of the outputs, whatever loss is minimised: the mean over the examples; train and test."""

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
    """Yields split, layer and values of M models."""
    from workers.losses.cross_entropy import loss

    for split in SPLITS:
        outputs, labels = snapshot.outputs(split)
        yield split, "", loss(outputs.double(), labels).mean(1)
