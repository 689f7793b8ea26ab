"""A preactivation residual block: batch norm and ReLU stand before each of its two convolutions.

He et al. 2016, arXiv:1603.05027. Where the shape changes, the shortcut is a 1x1 convolution of the activated input.

B examples, I input and O output channels, H W height and width of the input, P Q of the output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from jaxtyping import Float


class Residual(nn.Module):
    """Two 3x3 convolutions without bias, the first of them with a stride, and a shortcut around them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        changes = stride != 1 or inputs != outputs
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if changes else None

    def forward(self, x: Float[Tensor, "B I H W"]) -> Float[Tensor, "B O P Q"]:
        active = F.relu(self.norm1(x))
        beside: Tensor = x if self.shortcut is None else self.shortcut(active)
        outputs: Tensor = self.conv2(F.relu(self.norm2(self.conv1(active))))
        return outputs + beside
