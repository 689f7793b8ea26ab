"""A network with squared weights, for sums over paths: batch norm as the map with squared weights.

Batch norm is x -> w (x - m) / sqrt(v) + b. Its weights are w / sqrt(v) and, as biases, -w m / sqrt(v) and b; squared
parameters w^2 and b^2 are what it is given.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


class SquaredBatchNorm(TorchFunctionMode):
    """While it is entered, `torch.nn.functional.batch_norm` is the map with squared weights."""

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if function is torch.nn.functional.batch_norm:
            given = inspect.signature(function).bind(*args, **kwargs or {})
            given.apply_defaults()
            return _squared(**given.arguments)
        return function(*args, **kwargs or {})


def _squared(
    input: Tensor, running_mean: Tensor, running_var: Tensor, weight: Tensor | None, bias: Tensor | None,
    training: bool, momentum: float, eps: float,
) -> Tensor:  # fmt: skip
    shape = (-1, *[1] * (input.ndim - 2))
    scale = (1 / (running_var.double() + eps)).view(shape)
    out = (input + running_mean.double().square().view(shape)) * scale
    if weight is not None:
        out = out * weight.view(shape)
    return out if bias is None else out + bias.view(shape)
