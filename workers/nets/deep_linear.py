"""A deep linear network: a product of matrices, which computes a linear function and is not convex in its weights.

Ji and Telgarsky 2018, arXiv:1810.02032: gradient descent aligns the layers of such a network, and their product turns
to the maximum margin, as that of one layer does (Soudry et al. 2017, arXiv:1710.10345).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from workers.interfaces.net import NetSettings

if TYPE_CHECKING:
    from torch import nn


class Settings(NetSettings):
    """Fully connected layers with nothing between them and no bias."""

    name: Literal["deep_linear"] = "deep_linear"
    depth: int = Field(3, ge=1, description="Number of matrices, the output layer included.")
    width: int = Field(64, gt=0, description="Units between two matrices.")
    init: Literal["normal", "default"] = Field(
        "normal", description="normal: standard deviation sqrt(1/fan-in); default: PyTorch's."
    )
    init_scale: float = Field(1.0, gt=0, description="Factor on the initial weights of every layer.")


def build(settings: Settings, image: tuple[int, int, int], classes: int) -> nn.Module:
    """One model: layers hidden1, hidden2, ..., output."""
    from workers.layers.fully_connected import fully_connected

    sizes = (math.prod(image), *[settings.width] * (settings.depth - 1), classes)
    return fully_connected(sizes, "linear", [False] * settings.depth, settings.init, settings.init_scale)
