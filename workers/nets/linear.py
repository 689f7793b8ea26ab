"""A linear classifier on the pixels: the case in which the memo's theory is exact.

M models, B examples, K input channels, H W height and width of an image, C classes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from workers.interfaces.net import NetSettings

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float, Float32
    from torch import Tensor

    from workers.interfaces.net import Tensors


class Settings(NetSettings):
    """One fully connected layer from the pixels to the classes."""

    name: Literal["linear"] = "linear"
    bias: Literal["none", "all"] = Field("all", description="Whether the outputs have a bias.")
    init_scale: float = Field(
        1.0, ge=0, description="Factor on the initial weights, standard deviation sqrt(1/fan-in)."
    )


def shapes(settings: Settings, image: tuple[int, int, int], classes: int) -> dict[str, tuple[int, ...]]:
    """The parameters of one model by name, for images (H, W, K)."""
    weight = {"output.weight": (classes, math.prod(image))}
    return weight | ({"output.bias": (classes,)} if settings.bias == "all" else {})


def buffers(settings: Settings) -> dict[str, tuple[int, ...]]:
    """None: there is no batch norm."""
    return {}


def visit_flops(settings: Settings, image: tuple[int, int, int], classes: int) -> float:
    """Floating-point operations of one training visit of one image."""
    return 4.0 * math.prod(image) * classes


def init(
    settings: Settings, image: tuple[int, int, int], classes: int, rng: torch.Generator
) -> dict[str, Float32[Tensor, "*_"]]:
    """Initial parameters of one model, float32."""
    import torch

    out = {name: torch.zeros(shape) for name, shape in shapes(settings, image, classes).items()}
    weight = out["output.weight"]
    out["output.weight"] = torch.randn(weight.shape, generator=rng) * settings.init_scale / math.sqrt(weight.shape[1])
    return out


def forward(
    settings: Settings, p: Tensors, b: Tensors, x: Float[Tensor, "M B K H W"], training: bool
) -> Float[Tensor, "M B C"]:
    """The outputs of all models at once."""
    out = x.flatten(2) @ p["output.weight"].transpose(1, 2)
    return out + p["output.bias"][:, None] if "output.bias" in p else out
