"""A multilayer perceptron: fully connected hidden layers on the pixels.

Zhang et al. 2016, arXiv:1611.03530, train it with one and with three hidden layers of 512 units on true and random
labels; Neyshabur et al. 2014, arXiv:1412.6614, with one hidden layer of 2^3 to 2^14 units.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from workers.interfaces.net import NetSettings

if TYPE_CHECKING:
    from torch import nn


class Settings(NetSettings):
    """Fully connected layers with an activation between them."""

    name: Literal["mlp"] = "mlp"
    hidden: tuple[Annotated[int, Field(gt=0)], ...] = Field((512,), description="Units of each hidden layer.")
    activation: Literal["relu", "tanh", "quadratic"] = Field("relu", description="Of the hidden units.")
    bias: Literal["none", "first", "all"] = Field(
        "all", description="Which layers have a bias: none and first keep a ReLU network homogeneous."
    )
    init: Literal["normal", "default"] = Field(
        "normal",
        description="normal: standard deviation sqrt(gain/fan-in), gain 2 before ReLU, else 1; default: PyTorch's.",
    )
    init_scale: float = Field(1.0, gt=0, description="Factor on the initial weights of every layer.")


def build(settings: Settings, image: tuple[int, int, int], classes: int) -> nn.Module:
    """One model: layers hidden1, hidden2, ..., output."""
    from workers.layers.fully_connected import fully_connected

    s, sizes = settings, (math.prod(image), *settings.hidden, classes)
    biases = [s.bias == "all" or (s.bias == "first" and i == 0) for i in range(len(sizes) - 1)]
    return fully_connected(sizes, s.activation, biases, s.init, s.init_scale)
