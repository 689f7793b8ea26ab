"""Spectral complexity (Bartlett, Foster and Telgarsky 2017, arXiv 1706.08498, equation 1.2), from the initial weights.

For a network of layers A_i, initially M_i, with activations of Lipschitz constant 1:

    prod_i |A_i|_s  (sum_i (|A_i^T - M_i^T|_{2,1} / |A_i|_s)^{2/3})^{3/2}

|.|_s is the spectral norm, |A^T|_{2,1} the sum of the Euclidean norms of the rows of A. A layer is the linear map that
it is: a convolution on images of the size that it meets, with a row for each output position. Without biases and batch
norm, of which the theorem does not speak. The theorem takes any reference M_i that does not depend on the training set;
of the initial weights it is what training has added that counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("",)
BOUNDS = (0, None)


def visits(train: int) -> float:
    """As spectral_norm."""
    return 50.0


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models: 0 for the initial network."""
    import torch

    yield "", "", torch.tensor([_of_model(snapshot, i) for i in range(snapshot.models)], dtype=torch.float64)


def _of_model(snapshot: Snapshot, model: int) -> float:
    import numpy as np

    from workers.theory.layers_as_operators import operator_norms, row_norms_from_init

    norms, moved = operator_norms(snapshot, model), row_norms_from_init(snapshot, model)
    spectral, rows = (np.array([of[layer] for layer in norms]) for of in (norms, moved))
    if not spectral.all():  # a layer that maps everything to 0 makes the network 0
        return 0.0
    return float(spectral.prod() * ((rows / spectral) ** (2 / 3)).sum() ** 1.5)
