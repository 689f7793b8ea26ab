"""The examples of a bundle on its device: images are stored once; bytes are converted to floats batch by batch.

M models, I training images, J test images, N training examples of a model, T test examples, B examples of a batch,
H W height and width, K channels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.interfaces.images import Scaling, scaled
from workers.training.examples.augment import augmented
from workers.training.examples.selection import Examples

if TYPE_CHECKING:
    from jaxtyping import Float, Int64, Shaped


@dataclass(frozen=True)
class Resident:
    """Images of both splits, which of them each model trains and is tested on, and labels.

    test_index: None where every model is tested on all test images.
    """

    train_x: Shaped[Tensor, "I H W K"]
    test_x: Shaped[Tensor, "J H W K"]
    index: Int64[Tensor, "M N"]
    labels: Int64[Tensor, "M N"]
    test_index: Int64[Tensor, "M T"] | None
    test_labels: Int64[Tensor, "M T"]
    scaling: Scaling
    dtype: torch.dtype

    @staticmethod
    def of(examples: Examples, device: str, dtype: torch.dtype, channels_first: bool = False) -> Resident:
        """channels_first: whether the images lie in memory as (K, H, W), though their shape here is (H, W, K)."""

        def put(array: NDArray[Any]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(device)

        def put_images(array: NDArray[Any]) -> Tensor:
            return put(np.moveaxis(array, -1, 1)).movedim(1, -1) if channels_first else put(array)

        images = examples.images
        train = put(examples.index), put(examples.labels)
        test = None if examples.test_index is None else put(examples.test_index), put(examples.test_labels)
        return Resident(put_images(images.train_x), put_images(images.test_x), *train, *test, images.scaling, dtype)

    def rows(self, models: Int64[Tensor, " m"]) -> Resident:
        """The same images for some of the models."""
        index, labels, test_labels = self.index[models], self.labels[models], self.test_labels[models]
        test_index = None if self.test_index is None else self.test_index[models]
        return replace(self, index=index, labels=labels, test_index=test_index, test_labels=test_labels)

    def batch(
        self, places: Int64[Tensor, "M B"], moves: Int64[Tensor, "M N 3"] | None = None
    ) -> tuple[Float[Tensor, "M B H W K"], Int64[Tensor, "M B"]]:
        """Each model's own examples: images as networks see them, and labels.

        moves: how each example of the training set is augmented in this epoch (`workers/training/examples/augment.py`).
        """
        pixels = _selected(self.train_x, self.index.gather(1, places))
        if moves is not None:
            pixels = augmented(pixels, moves.gather(1, places[..., None].expand(-1, -1, moves.shape[2])))
        return self._floats(pixels), self.labels.gather(1, places)

    def part(self, split: str, examples: slice | Tensor) -> tuple[Float[Tensor, "M B H W K"], Int64[Tensor, "M B"]]:
        """Examples of a split of every model: from one to another, or by their places (B,).

        Where all models have the same test images, they share the memory."""
        m = len(self.index)
        if split == "train":
            return self._floats(_selected(self.train_x, self.index[:, examples])), self.labels[:, examples]
        labels = self.test_labels[:, examples]
        if self.test_index is not None:
            return self._floats(_selected(self.test_x, self.test_index[:, examples])), labels
        x = self._floats(self.test_x[examples])
        return x.expand(m, *x.shape), labels

    def size(self, split: str) -> int:
        """Examples of a split."""
        return (self.index if split == "train" else self.test_labels).shape[1]

    def _floats(self, pixels: Shaped[Tensor, "*shape K"]) -> Float[Tensor, "*shape K"]:
        return scaled(pixels, self.dtype, self.scaling)


def _selected(images: Shaped[Tensor, "I H W K"], index: Int64[Tensor, "M B"]) -> Shaped[Tensor, "M B H W K"]:
    """Images by index. Rows of a matrix are copied whole: on a CPU ten times as fast as indexing images."""
    first = images.movedim(-1, 1)
    if first.is_contiguous():
        return _rows(first, index).movedim(2, -1)
    return _rows(images, index)


def _rows(images: Shaped[Tensor, "I ..."], index: Int64[Tensor, "M B"]) -> Shaped[Tensor, "M B ..."]:
    return images.flatten(1).index_select(0, index.flatten()).view(*index.shape, *images.shape[1:])
