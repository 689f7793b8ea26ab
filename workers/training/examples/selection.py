"""The examples of every model of a bundle: which images it trains and is tested on, and with which labels.

M models, N training examples of a model, T test examples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from workers.interfaces.dataset import Sizes
from workers.interfaces.images import Images
from workers.training.examples import subsets
from workers.training.examples.inputs import replaced

if TYPE_CHECKING:
    from jaxtyping import Int64

    from workers.training.settings import Settings


@dataclass(frozen=True)
class Examples:
    """Indices into images, and labels. N and T are equal for all models.

    test_index: None where every model is tested on all test images in turn.
    """

    images: Images
    index: Int64[NDArray[np.int64], "M N"]
    labels: Int64[NDArray[np.int64], "M N"]
    test_labels: Int64[NDArray[np.int64], "M T"]
    test_index: Int64[NDArray[np.int64], "M T"] | None = None

    def sizes(self) -> Sizes:
        """Of the whole data set."""
        pixels = self.images.train_x
        height, width, channels = pixels.shape[1:]
        numbers: Literal["uint8", "float32"] = "uint8" if pixels.dtype == np.uint8 else "float32"
        train, test = len(self.images.train_y), len(self.images.test_y)
        return Sizes(train, test, (height, width, channels), self.images.classes, numbers)

    @staticmethod
    def of(images: Images, bundle: list[Settings]) -> Examples:
        """Subset, label noise and inputs are drawn from each model's own seed."""
        own = [_indices(images, s) for s in bundle]
        index, test_index = (np.stack(part) for part in zip(*own, strict=True))
        noisy = [_labels(images, s) for s in bundle]
        labels = np.stack([y[i] for (y, _), i in zip(noisy, index, strict=True)])
        test_labels = np.stack([y[i] for (_, y), i in zip(noisy, test_index, strict=True)])
        shared = images.divided is None
        whole = Examples(images, index, labels, test_labels, None if shared else test_index)
        return whole if bundle[0].data.inputs == "original" else _with_inputs(whole, bundle)


def _indices(images: Images, s: Settings) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which images a model trains on, and which it is tested on."""
    size, tested = s.data.train_size, s.data.test_size
    if images.divided is None:
        return subsets.subset(images.train_y, size, s.seed), np.arange(len(images.test_y))
    order = subsets.subset(images.train_y, None, s.seed)
    return order[: images.divided][:size], order[images.divided :][:tested]


def _labels(images: Images, s: Settings) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The labels of all training and test images, with a model's noise."""
    noise = s.data.label_noise, s.data.label_noise_to, images.classes, s.seed
    train = subsets.noisy(images.train_y, *noise)
    return train, subsets.noisy(images.test_y, *noise, "test labels") if s.data.test_label_noise else images.test_y


def _with_inputs(examples: Examples, bundle: list[Settings]) -> Examples:
    """The same examples with inputs of each model's own, one model's after the other's."""
    images, (m, n), (_, t) = examples.images, examples.index.shape, examples.test_labels.shape
    train, test = [], []
    for i, s in enumerate(bundle):
        tested = slice(None) if examples.test_index is None else examples.test_index[i]
        train.append(replaced(images, images.train_x[examples.index[i]], s.data.inputs, "train", s.seed))
        test.append(replaced(images, images.test_x[tested], s.data.inputs, "test", s.seed))
    own = replace(
        images, train_x=np.concatenate(train), train_y=examples.labels.ravel(),
        test_x=np.concatenate(test), test_y=examples.test_labels.ravel(),
    )  # fmt: skip
    index, test_index = np.arange(m * n).reshape(m, n), np.arange(m * t).reshape(m, t)
    return replace(examples, images=own, index=index, test_index=test_index)
