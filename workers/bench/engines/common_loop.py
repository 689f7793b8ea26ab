"""The usual training loop: a DataLoader with PIL transforms, an nn.Module, an optimizer, one batch at a time.

One model after the other. On a CPU the process loads its own images: with one process a core, separate
loaders would only compete with training. On a GPU there are as many loaders as cores, at most 8.

torchvision's transforms are reimplemented here: its wheels do not load with every build of PyTorch.

M models, N images, K image channels, H W image height and width.
"""

import os
from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler

from workers.bench import module
from workers.bench.case import Work
from workers.interfaces.images import Images

MODELS: Literal["one"] = "one"


class Pictures(Dataset[tuple[Tensor, int]]):
    """Images and labels, one at a time, in the format of torchvision's CIFAR10."""

    def __init__(self, images: Images) -> None:
        self.images, self.labels = images.train_x, images.train_y

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return _normalised(_to_tensor(Image.fromarray(self.images[i]))), int(self.labels[i])


def _to_tensor(image: Image.Image) -> Tensor:
    """Bytes (H, W, K) to floats (K, H, W) in [0, 1]: as torchvision's ToTensor."""
    pixels = torch.from_numpy(np.array(image))
    return pixels.view(image.height, image.width, -1).permute(2, 0, 1).contiguous().float().div(255)


def _normalised(image: Tensor) -> Tensor:
    """To [-1, 1], each channel by its mean and deviation: as torchvision's Normalize."""
    half = torch.as_tensor((0.5,) * len(image)).view(-1, 1, 1)
    return image.clone().sub_(half).div_(half)


class Order(Sampler[int]):
    """Yields the indices of the next steps' images."""

    def __init__(self) -> None:
        self.places: list[int] = []

    def __iter__(self) -> Iterator[int]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


class Trainer:
    """See `workers.bench.case.Trainer`."""

    title = "DataLoader, PIL transforms, eager, one model at a time"

    def __init__(self, work: Work) -> None:
        self.device, self.order = torch.device(work.pictures.device), Order()
        gpu = self.device.type == "cuda"
        loaders = min(os.cpu_count() or 1, 8) if gpu else 0
        self.loader = DataLoader(
            Pictures(work.pictures.images),
            work.batch,
            sampler=self.order,
            num_workers=loaders,
            persistent_workers=gpu,
            multiprocessing_context="fork" if loaders else None,  # spawned loaders would each import PyTorch again
            pin_memory=gpu,
        )
        self.models, self.loss = module.modules(work), nn.CrossEntropyLoss()
        self.optimizers = [work.sgd(model.parameters()) for model in self.models]

    def train(self, order: NDArray[np.int64]) -> None:
        for model, optimizer, places in zip(self.models, self.optimizers, order, strict=True):
            self.order.places = places.tolist()
            for images, labels in self.loader:
                images, labels = images.to(self.device), labels.to(self.device)
                optimizer.zero_grad()
                loss = self.loss(model(images), labels)
                loss.backward()
                optimizer.step()

    def state(self) -> dict[str, dict[str, Tensor]]:
        return module.state(self.models)


def trainer(work: Work) -> Trainer:
    """See `workers.bench.case.Engine`."""
    return Trainer(work)
