"""A benchmark case (engine, network, number of models), and what every engine is given to train.

M models, B examples of a batch, N images, H W image height and width, K image channels.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from workers.data import synthetic
from workers.interfaces.images import Images, scaled
from workers.nets import convnet
from workers.optimizers import sgd
from workers.training.examples.selection import Examples
from workers.training.settings import Settings

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Case:
    """One measurement: `models` networks of `depth` convolutions of `width` channels, on square images of `side`."""

    engine: str
    width: int
    models: int
    batch_norm: bool
    depth: int = 4
    side: int = 32
    batch: int = 100
    images: int = 10_000

    def data(self) -> synthetic.Settings:
        """The images, the same for all models."""
        return synthetic.Settings(available=self.images, side=self.side)

    def settings(self) -> list[Settings]:
        """The trials, one a model."""
        return [
            Settings(
                data=self.data(),
                net=convnet.Settings(depth=self.depth, width=self.width, batch_norm=self.batch_norm),
                optimizer=sgd.Settings(batch_size=self.batch, learning_rate=0.01, momentum=0.9),
                epochs=1,
                seed=seed,
            )
            for seed in range(self.models)
        ]


class Trainer(Protocol):
    """M models in training. The steps of every engine agree with those of the reference engine to float tolerance."""

    title: str  # a short description for tables

    def train(self, order: NDArray[np.int64]) -> None:
        """Steps on the images order[m, 0:B], order[m, B:2B], ... for every model m: order (M, steps * B)."""

    def state(self) -> "dict[str, dict[str, Tensor]]":
        """Parameters and buffers (running statistics), each (M, ...), by the names of the net."""


class Engine(Protocol):
    """What a file of workers/bench/engines must have."""

    @property
    def MODELS(self) -> Literal["one", "all", "some"]:
        """How many of the models it trains at once."""

    def trainer(self, work: "Work", /) -> Trainer:
        """The models of a case, ready to be trained on their device."""


class Pictures:
    """The images of a benchmark, shared by all engines of a process."""

    def __init__(self, images: Images, device: str) -> None:
        self.images, self.device = images, device

    @staticmethod
    def of(case: Case, device: str) -> "Pictures":
        """Random bytes: the speed of training does not depend on the contents of images."""
        return Pictures(synthetic.load(case.data()), device)

    @cached_property
    def pixels(self) -> "Tensor":
        """(N, H, W, K) float32 in [-1, 1], resident on the device."""
        import torch

        return scaled(torch.from_numpy(self.images.train_x).to(self.device), torch.float32, self.images.scaling)

    @cached_property
    def labels(self) -> "Tensor":
        """(N,) int64, resident on the device."""
        import torch

        return torch.from_numpy(self.images.train_y).to(self.device)


@dataclass(frozen=True)
class Work:
    """What an engine is given: the trials of a bundle and the images, the same for all models."""

    bundle: list[Settings]
    pictures: Pictures

    @property
    def batch(self) -> int:
        """Examples of one step."""
        return int(self.bundle[0].optimizer.batch(len(self.pictures.images.train_y)))

    def sgd(self, parameters: "Iterable[Tensor]") -> "torch.optim.SGD":
        """PyTorch's optimizer with the settings of this bundle, for engines that use it."""
        import torch

        settings = self.bundle[0].optimizer
        assert isinstance(settings, sgd.Settings)
        return torch.optim.SGD(parameters, lr=settings.learning_rate, momentum=settings.momentum)

    def examples(self) -> Examples:
        """Every model trains on every image."""
        images, m = self.pictures.images, len(self.bundle)
        index = np.tile(np.arange(len(images.train_y)), (m, 1))
        return Examples(images, index, np.tile(images.train_y, (m, 1)), np.tile(images.test_y, (m, 1)))

    def initial(self) -> "tuple[dict[str, Tensor], dict[str, Tensor]]":
        """Parameters and buffers (M, ...) on the device, equal to those of the project's own engines."""
        from workers.training.networks.functions import initial

        parameters, buffers = initial(self.bundle, self.examples())
        device = self.pictures.device
        return {k: t.to(device) for k, t in parameters.items()}, {k: t.to(device) for k, t in buffers.items()}
