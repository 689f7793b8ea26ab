"""A 3x3 convolution with stride 2, batch norm without scale and shift if asked for, and an activation.

B examples, I input and O output channels, H W height and width of the input, P Q of the output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from jaxtyping import Float


class Convolution(nn.Module):
    """A layer of the memo's network, its weights not yet set.

    norm: batch norm's epsilon and momentum, None without. Running statistics are the buffers `mean` and `var`.
    """

    mean: Tensor | None
    var: Tensor | None

    def __init__(
        self,
        inputs: int,
        outputs: int,
        bias: bool,
        norm: tuple[float, float] | None,
        activation: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.empty(outputs)) if bias else None
        self.register_buffer("mean", torch.zeros(outputs) if norm else None)
        self.register_buffer("var", torch.ones(outputs) if norm else None)
        self.norm, self.activation = norm, activation

    def forward(self, x: Float[Tensor, "B I H W"]) -> Float[Tensor, "B O P Q"]:
        x = F.conv2d(x, self.weight, self.bias, stride=2, padding=1)
        if self.norm:
            epsilon, momentum = self.norm
            x = F.batch_norm(x, self.mean, self.var, training=self.training, momentum=momentum, eps=epsilon)
        return self.activation(x)
