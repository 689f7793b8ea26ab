"""Horizontal fusion in PyTorch: the M convolutions of a layer are one grouped convolution, channels_last.

HFTA (Wang et al., MLSys 2021, arXiv:2102.02344). The sum of the losses has each model's own gradient.

M models, N images, B examples of a batch, K image channels, H W image height and width, O width of a layer, C classes.
"""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from workers.bench.case import Work
from workers.nets import convnet

MODELS: Literal["all"] = "all"


class Trainer:
    """See `workers.bench.case.Trainer`."""

    title = "grouped convolution, channels_last"

    def __init__(self, work: Work) -> None:
        self.net = convnet.settings_of(work.bundle[0].net)
        self.batch, self.labels, self.images = work.batch, work.pictures.labels, work.pictures.pixels
        self.parameters, self.buffers = work.initial()
        for value in self.parameters.values():
            value.requires_grad_(True)
        self.optimizer = work.sgd(self.parameters.values())

    def train(self, order: NDArray[np.int64]) -> None:
        places = torch.from_numpy(order).to(self.labels.device)
        for chosen in places.split(self.batch, dim=1):  # (M, B)
            self.optimizer.zero_grad()
            outputs, labels = self._outputs(chosen), self.labels[chosen]
            loss = F.cross_entropy(outputs.flatten(0, 1), labels.flatten(), reduction="sum") / chosen.shape[1]
            loss.backward()
            self.optimizer.step()

    def _outputs(self, chosen: Tensor) -> Tensor:
        """Images `chosen` (M, B) through their models: (M, B, C)."""
        m, p = len(chosen), self.parameters
        x = self.images[chosen.T].permute(0, 2, 3, 1, 4).flatten(3)  # (B, H, W, M*K)
        x = x.permute(0, 3, 1, 2)  # (B, M*K, H, W), channels last in memory
        for i in range(1, self.net.depth + 1):
            bias = p[f"conv{i}.bias"].flatten() if self.net.has_bias(i) else None
            x = F.conv2d(x, p[f"conv{i}.weight"].flatten(0, 1), bias, stride=2, padding=1, groups=m)
            if self.net.batch_norm:
                mean, var = (self.buffers[f"conv{i}.{what}"].view(-1) for what in ("mean", "var"))
                x = F.batch_norm(x, mean, var, training=True, momentum=convnet.MOMENTUM, eps=convnet.EPSILON)
            x = x.relu()
        features = x.unflatten(1, (m, -1)).transpose(0, 1).flatten(2)  # (M, B, O*H*W)
        return torch.baddbmm(p["output.bias"][:, None], features, p["output.weight"].transpose(1, 2))

    def state(self) -> dict[str, dict[str, Tensor]]:
        parameters = {name: value.detach() for name, value in self.parameters.items()}
        return {"parameters": parameters, "buffers": self.buffers}


def trainer(work: Work) -> Trainer:
    """See `workers.bench.case.Engine`."""
    return Trainer(work)
