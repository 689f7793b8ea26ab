"""Variance of the gradient over batches of 100 training examples: mean squared distance from their mean (Jiang 2020).

Of the first 5000 training examples, in the order of the subset; a last batch that is not full is left out. NaN where
there are fewer than two batches.
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
BATCH = 100
EXAMPLES = 5000  # training examples at most, the first ones of each model


def visits(train: int) -> float:
    """One of each example."""
    return 1.0 * min(train, EXAMPLES)


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    import torch

    batches = min(snapshot.size("train"), EXAMPLES) // BATCH
    if batches < 2:
        yield "train", "", torch.full_like(snapshot.zeros(), torch.nan)
    else:
        found = [_gradients(snapshot, i, batches) for i in range(snapshot.models)]
        yield "train", "", torch.stack([gradients.var(0).sum() for gradients in found])


def _gradients(snapshot: Snapshot, model: int, batches: int) -> Tensor:
    """The gradients of the risk of one model over each of its batches [batches P]."""
    import torch

    leaves = {name: value.clone().requires_grad_() for name, value in snapshot.of(model).items()}
    images, labels = (part("train", model, batches * BATCH) for part in (snapshot.images, snapshot.labels))
    rows = []
    for x, y in zip(images.split(BATCH, 1), labels.split(BATCH, 1), strict=True):
        risk = snapshot.loss(snapshot.forward(leaves, x, model), y).mean()
        gradients = torch.autograd.grad(risk, list(leaves.values()))
        rows.append(torch.cat([gradient.flatten().double() for gradient in gradients]))
    return torch.stack(rows)
