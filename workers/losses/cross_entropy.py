"""Softmax cross-entropy: log(1 + sum over wrong classes of exp(f_c - f_y)), exact also for large logit gaps.

Written with the gap d = logsumexp of the wrong classes - f_y, as softplus(d): the usual log-sum-exp over all classes
cancels to exactly 0 in float32 once the gap reaches 17, and its gradient with it (the loss there is 4e-8, not 0).

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
    gap = wrong.logsumexp(-1) - correct[..., 0]
    return torch.nn.functional.softplus(gap)
