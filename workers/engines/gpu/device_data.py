"""The examples of a bundle where it is trained: images as bytes, each once, picked and made floats on the device.

M models, N training examples of a model, T test examples, B examples of a batch, H W height and width, K channels.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.interfaces.images import scaled
from workers.training.examples import Examples


@dataclass(frozen=True)
class Resident:
    """Images (any number, H, W, K) of both splits, which of them each model trains on, and labels: (M, N) and (T,)."""

    train_x: Tensor
    test_x: Tensor
    index: Tensor
    labels: Tensor
    test_labels: Tensor
    dtype: torch.dtype

    @staticmethod
    def of(examples: Examples, device: str, dtype: torch.dtype) -> "Resident":

        def put(array: NDArray[Any]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device)

        images = examples.images
        mine = put(examples.index), put(examples.labels)
        return Resident(put(images.train_x), put(images.test_x), *mine, put(images.test_y), dtype)

    def rows(self, models: Tensor) -> "Resident":
        """The same images for some of the models."""
        return replace(self, index=self.index[models], labels=self.labels[models])

    def batch(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Each model's own examples `places` (M, B): images (M, B, H, W, K) in [-1, 1] and labels (M, B)."""
        return self._floats(self.train_x[self.index.gather(1, places)]), self.labels.gather(1, places)

    def part(self, split: str, start: int, end: int) -> tuple[Tensor, Tensor]:
        """Examples start..end of a split, the same for every model; the models share the memory of the test images."""
        m = len(self.index)
        if split == "train":
            return self._floats(self.train_x[self.index[:, start:end]]), self.labels[:, start:end]
        x = self._floats(self.test_x[start:end])
        return x.expand(m, *x.shape), self.test_labels[start:end].expand(m, -1)

    def size(self, split: str) -> int:
        """Examples of a split."""
        return self.index.shape[1] if split == "train" else len(self.test_labels)

    def _floats(self, pixels: Tensor) -> Tensor:
        return scaled(pixels, self.dtype)
