"""Square loss on one-hot targets: the sum over classes of (f_c - [c = y])^2.

M models, B examples, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from torch import Tensor


def loss(outputs: Float[Tensor, "M B C"], labels: Int64[Tensor, "M B"]) -> Float[Tensor, "M B"]:
    """The loss of every example."""
    import torch

    target = torch.nn.functional.one_hot(labels, outputs.shape[-1]).to(outputs.dtype)
    return (outputs - target).square().sum(-1)
