"""The five-layer convolutional network of the work on double descent: 3x3 convolutions, batch norm, max-pooling.

Nakkiran et al. 2019, arXiv:1912.02292, Appendix B: four convolutions of k, 2k, 4k and 8k channels with stride 1, each
with bias, batch norm and ReLU, pooled by 1, 2, 2 and 8, and one fully connected layer; PyTorch's initial weights. Here
the last pooling takes the whole map, which is the same on images of 32x32, so that images may have any size.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from workers.interfaces.net import NetSettings

if TYPE_CHECKING:
    from torch import nn


class Settings(NetSettings):
    """Four convolutions with pooling, and one fully connected layer."""

    name: Literal["pooled"] = "pooled"
    width: int = Field(8, gt=0, description="k: the convolutions have k, 2k, 4k and 8k channels.")
    batch_norm: bool = Field(True, description="Batch norm, with scale and shift, after every convolution.")

    @property
    def needs_batches(self) -> bool:
        return self.batch_norm


def build(settings: Settings, image: tuple[int, int, int], classes: int) -> nn.Module:
    """One model: layers conv1 to conv4, with norm1 to norm4, and output."""
    from torch import nn

    layers: OrderedDict[str, nn.Module] = OrderedDict()
    widths = [settings.width * factor for factor in (1, 2, 4, 8)]
    for i, (inputs, outputs) in enumerate(itertools.pairwise((image[2], *widths)), start=1):
        layers[f"conv{i}"] = nn.Conv2d(inputs, outputs, 3, padding=1)
        if settings.batch_norm:
            layers[f"norm{i}"] = nn.BatchNorm2d(outputs)
        layers[f"relu{i}"] = nn.ReLU()
        if i in (2, 3):
            layers[f"pool{i}"] = nn.MaxPool2d(2, ceil_mode=True)
    last = {"pool4": nn.AdaptiveMaxPool2d(1), "flatten": nn.Flatten(), "output": nn.Linear(widths[-1], classes)}
    return nn.Sequential(layers | last)
