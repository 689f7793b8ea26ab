"""The training examples of every model of a bundle: a subset of the images and labels of its own.

M models, N training examples of a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workers.interfaces.images import Images
from workers.training import subsets

if TYPE_CHECKING:
    from jaxtyping import Int64

    from workers.training.settings import Settings


@dataclass(frozen=True)
class Examples:
    """Which images each model trains on, and with which labels; N is equal for all models."""

    images: Images
    index: Int64[NDArray[np.int64], "M N"]
    labels: Int64[NDArray[np.int64], "M N"]

    @staticmethod
    def of(images: Images, bundle: list[Settings]) -> Examples:
        """Subset and label noise are drawn from each model's own seed."""
        index, labels = [], []
        for s in bundle:
            chosen = subsets.subset(images.train_y, s.data.train_size, s.seed)
            noisy = subsets.noisy(images.train_y, s.data.label_noise, images.classes, s.seed)
            index.append(chosen)
            labels.append(noisy[chosen])
        return Examples(images, np.stack(index), np.stack(labels))
