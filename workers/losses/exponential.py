"""Exponential loss on margins: the sum over wrong classes of exp(-(f_y - f_c)) (memo 90, Section 3, multiclass form).

M models, B examples, C classes.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def loss(outputs: "Tensor", labels: "Tensor") -> "Tensor":
    """outputs (M, B, C), labels (M, B) int64 -> loss of every example (M, B)."""
    import torch

    correct = outputs.gather(-1, labels[..., None])
    wrong = outputs.scatter(-1, labels[..., None], -torch.inf)
    return (wrong - correct).exp().sum(-1)
