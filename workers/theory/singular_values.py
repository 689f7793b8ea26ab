"""Singular values of the weights of every layer, as matrices with a row for each output.

M models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from workers.interfaces.net import layer_of

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot


def of_layers(snapshot: Snapshot) -> dict[str, Float64[Tensor, "M _"]]:
    """In descending order, by layer; NaN for a model whose weights are not finite."""
    found = {}
    for name, value in snapshot.parameters.items():
        if value.ndim > 2:  # a matrix of each model, or more
            matrices = value.detach().double().flatten(2)
            finite = matrices.flatten(1).isfinite().all(1)
            values = torch.linalg.svdvals(torch.where(finite[:, None, None], matrices, 0.0))
            found[layer_of(name)] = torch.where(finite[:, None], values, torch.nan)
    return found
