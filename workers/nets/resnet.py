"""The residual network of 18 layers for small images, of any width.

He et al. 2016, arXiv:1603.05027 (preactivation), in the form of Nakkiran et al. 2019, arXiv:1912.02292, Appendix B: a
3x3 convolution, four stages of two blocks with k, 2k, 4k and 8k channels, all but the first of which halve height and
width, the average over the map, and a fully connected layer; no batch norm after the last block; PyTorch's initial
weights. k = 64 is the usual ResNet18.
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
    """Four stages of two residual blocks, with batch norm."""

    name: Literal["resnet"] = "resnet"
    width: int = Field(8, gt=0, description="k: the stages have k, 2k, 4k and 8k channels.")

    @property
    def needs_batches(self) -> bool:
        return True


def build(settings: Settings, image: tuple[int, int, int], classes: int) -> nn.Module:
    """One model: layers conv, stage1.block1.conv1 and so on, and output."""
    from torch import nn

    from workers.layers.residual import Residual

    widths = [settings.width * factor for factor in (1, 1, 2, 4, 8)]
    layers = OrderedDict[str, nn.Module](conv=nn.Conv2d(image[2], widths[0], 3, padding=1, bias=False))
    for i, (inputs, outputs) in enumerate(itertools.pairwise(widths), start=1):
        first = Residual(inputs, outputs, stride=1 if i == 1 else 2)
        layers[f"stage{i}"] = nn.Sequential(OrderedDict(block1=first, block2=Residual(outputs, outputs, stride=1)))
    last = {"pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten(), "output": nn.Linear(widths[-1], classes)}
    return nn.Sequential(layers | last)
