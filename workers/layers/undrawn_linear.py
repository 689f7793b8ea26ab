"""A fully connected layer whose weights are not set yet."""

import torch
from torch import nn


def undrawn_linear(inputs: int, outputs: int, bias: bool) -> nn.Linear:
    """A Linear that draws no weights, so that the generator gives the same numbers to whoever sets them.

    torch.nn.utils.skip_init does the same by an operation of the meta device that is written in Python and imports
    sympy: 0.4 seconds of every worker process.
    """
    layer = nn.Linear(inputs, outputs, bias=bias, device="meta")
    for name, shaped in list(layer.named_parameters()):
        layer.register_parameter(name, nn.Parameter(torch.empty(shaped.shape, dtype=shaped.dtype)))
    return layer
