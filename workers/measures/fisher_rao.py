"""Fisher-Rao norm: root mean square, over training examples, of w . gradient of the loss (Liang et al. 2019).

The square root of w^T F w, F the Fisher matrix with the labels that are given. For a homogeneous network of K layers it
is K times the root mean square of output . gradient by the output.
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
    """A forward pass and two backward, the second through the first."""
    return 3.0 * train


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models."""
    total = snapshot.zeros()
    for images, labels in snapshot.batches("train"):
        total = total + _along_weights(snapshot, images, labels).double().square().sum(1)
    yield "train", "", (total / snapshot.size("train")).sqrt()


def _along_weights(snapshot: Snapshot, images: Tensor, labels: Tensor) -> Tensor:
    """w . gradient of each example's loss [M B]: J w from two products with J^T, since J^T v is linear in v."""
    import torch

    leaves = {name: value.detach().clone().requires_grad_() for name, value in snapshot.parameters.items()}
    losses = snapshot.loss(snapshot.forward(leaves, images), labels)
    v = torch.zeros_like(losses, requires_grad=True)
    gradients = torch.autograd.grad(losses, list(leaves.values()), v, create_graph=True)
    pairs = zip(gradients, leaves.values(), strict=True)
    along = torch.stack([(gradient * leaf.detach()).sum() for gradient, leaf in pairs]).sum()
    (product,) = torch.autograd.grad(along, v)
    return product
