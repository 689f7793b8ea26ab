"""A linear classifier on the pixels: the case in which the memo's theory is exact.

M models, B examples, K input channels, H W height and width of an image, C classes.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from workers.interfaces.net import NetSettings

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor, nn

    from workers.interfaces.net import Tensors


class Settings(NetSettings):
    """One fully connected layer from the pixels to the classes."""

    name: Literal["linear"] = "linear"
    bias: Literal["none", "all"] = Field("all", description="Whether the outputs have a bias.")
    init_scale: float = Field(
        1.0, ge=0, description="Factor on the initial weights, standard deviation sqrt(1/fan-in)."
    )


def visit_flops(settings: Settings, image: tuple[int, int, int], classes: int) -> float:
    """Floating-point operations of one training visit of one image."""
    return 4.0 * math.prod(image) * classes


def build(settings: Settings, image: tuple[int, int, int], classes: int) -> nn.Module:
    """One model: weights normal, bias 0."""
    import torch

    from workers.layers.undrawn_linear import undrawn_linear

    output = undrawn_linear(math.prod(image), classes, settings.bias == "all")
    weight = torch.randn(output.weight.shape) * settings.init_scale / math.sqrt(math.prod(image))
    bias = {"bias": torch.zeros(classes)} if settings.bias == "all" else {}
    output.load_state_dict({"weight": weight, **bias})
    return torch.nn.Sequential(OrderedDict(flatten=torch.nn.Flatten(), output=output))


def forward(
    settings: Settings, p: Tensors, b: Tensors, x: Float[Tensor, "M B K H W"], training: bool
) -> Float[Tensor, "M B C"]:
    """The outputs of all models at once."""
    out = x.flatten(2) @ p["output.weight"].transpose(1, 2)
    return out + p["output.bias"][:, None] if "output.bias" in p else out
