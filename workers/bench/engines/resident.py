"""A hand-optimised loop: the data resident on the device as floats, channels_last, eager PyTorch.

One model after the other.

M models, N images, B examples of a batch, K image channels, H W image height and width.
"""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.memory_format import convert_conv2d_weight_memory_format

from workers.bench import module
from workers.bench.case import Work

MODELS: Literal["one"] = "one"


class Trainer:
    """See `workers.bench.case.Trainer`."""

    title = "data resident, eager, channels_last, one model at a time"

    def __init__(self, work: Work) -> None:
        self.batch, self.labels = work.batch, work.pictures.labels
        self.images = work.pictures.pixels.permute(0, 3, 1, 2)  # (N, K, H, W), channels last in memory
        self.models = module.modules(work)
        for model in self.models:
            convert_conv2d_weight_memory_format(model, torch.channels_last)
        self.optimizers = [work.sgd(model.parameters()) for model in self.models]

    def train(self, order: NDArray[np.int64]) -> None:
        places = torch.from_numpy(order).to(self.labels.device)
        for model, optimizer, mine in zip(self.models, self.optimizers, places, strict=True):
            for chosen in mine.split(self.batch):
                optimizer.zero_grad()
                F.cross_entropy(model(self.images[chosen]), self.labels[chosen]).backward()
                optimizer.step()

    def state(self) -> dict[str, dict[str, Tensor]]:
        return module.state(self.models)


def trainer(work: Work) -> Trainer:
    """See `workers.bench.case.Engine`."""
    return Trainer(work)
