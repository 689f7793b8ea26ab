"""Fully connected layers on a flattened image: hidden1, hidden2, ..., output.

B examples, K input channels, H W height and width of an image, C classes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from jaxtyping import Float

Init = Literal["normal", "default"]
Activation = Literal["relu", "tanh", "quadratic", "linear"]
FUNCTIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "quadratic": torch.square,
    "linear": torch.positive,
}
GAINS: dict[Activation, float] = {"relu": 2.0}  # He et al., arXiv:1502.01852; of the others 1


class FullyConnected(nn.Module):
    """Linear layers with an activation between them."""

    def __init__(self, sizes: Sequence[int], activation: Activation, biases: Sequence[bool]) -> None:
        """sizes: numbers in an image, of each hidden layer, classes. biases: of each layer, whether it has one."""
        super().__init__()
        self.activation = FUNCTIONS[activation]
        names = [*(f"hidden{i}" for i in range(1, len(sizes) - 1)), "output"]
        for name, (inputs, outputs), bias in zip(names, itertools.pairwise(sizes), biases, strict=True):
            self.add_module(name, nn.Linear(inputs, outputs, bias))

    def forward(self, images: Float[Tensor, "B K H W"]) -> Float[Tensor, "B C"]:
        *hidden, output = self.children()
        x = images.flatten(1)
        for layer in hidden:
            x = self.activation(layer(x))
        outputs: Tensor = output(x)
        return outputs


def fully_connected(
    sizes: Sequence[int], activation: Activation, biases: Sequence[bool], init: Init, scale: float
) -> FullyConnected:
    """The module with its initial weights.

    init: normal draws weights with variance gain / inputs (gain of ReLU 2, else 1; of the output layer 1) and sets
    biases to 0; default is PyTorch's. scale: factor on all of them.
    """
    module = FullyConnected(sizes, activation, biases)
    *hidden, output = module.children()
    with torch.no_grad():
        for layer in (*hidden, output) if init == "normal" else ():
            gain = 1.0 if layer is output else GAINS.get(activation, 1.0)
            for name, value in layer.named_parameters():
                value.zero_() if name == "bias" else value.normal_(std=math.sqrt(gain / value.shape[1]))
        for value in module.parameters():
            value.mul_(scale)
    return module
