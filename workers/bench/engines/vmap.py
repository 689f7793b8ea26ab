"""An ensemble by torch.func: one module's loss, its gradient, and vmap of that over the parameters of M models.

M models, N images, B examples of a batch, K image channels, H W image height and width.
"""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.nn import functional as F

from workers.bench import module
from workers.bench.case import Work

MODELS: Literal["all"] = "all"

Names = dict[str, Tensor]


class Trainer:
    """See `workers.bench.case.Trainer`."""

    title = "torch.func.vmap over stacked parameters"

    def __init__(self, work: Work) -> None:
        models = module.modules(work)
        self.batch, self.labels = work.batch, work.pictures.labels
        self.images = work.pictures.pixels.permute(0, 3, 1, 2)  # (N, K, H, W)
        self.parameters, self.buffers = stack_module_state(models)
        self.optimizer = work.sgd(self.parameters.values())

        def loss(parameters: Names, buffers: Names, images: Tensor, labels: Tensor) -> Tensor:
            outputs = functional_call(models[0], (parameters, buffers), (images,))
            return F.cross_entropy(outputs, labels)

        self.gradients = vmap(grad(loss))

    def train(self, order: NDArray[np.int64]) -> None:
        places = torch.from_numpy(order).to(self.labels.device)
        for chosen in places.split(self.batch, dim=1):  # (M, B)
            given = {name: value.detach() for name, value in self.parameters.items()}
            found = self.gradients(given, self.buffers, self.images[chosen], self.labels[chosen])
            for name, value in self.parameters.items():
                value.grad = found[name]
            self.optimizer.step()

    def state(self) -> dict[str, dict[str, Tensor]]:
        parameters = {name: value.detach() for name, value in self.parameters.items()}
        return {"parameters": parameters, "buffers": module.renamed(self.buffers)}


def trainer(work: Work) -> Trainer:
    """See `workers.bench.case.Engine`."""
    return Trainer(work)
