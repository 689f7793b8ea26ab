"""Exponential loss on margins: the sum over wrong classes of exp(-(f_y - f_c)) (memo 90, Section 3, multiclass form).

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

    correct = outputs.gather(-1, labels[..., None])
    wrong = outputs.scatter(-1, labels[..., None], -torch.inf)
    return (wrong - correct).exp().sum(-1)
