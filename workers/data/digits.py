"""Handwritten digits: 1,797 real 8x8 grey images that come with scikit-learn (UCI optical recognition, test part)."""

from typing import Literal

import numpy as np

from workers.interfaces.dataset import DataSettings, Sizes
from workers.interfaces.images import Images, digest

TRAIN = 1297  # the other 500 are the test set, the same for every seed


class Settings(DataSettings):
    """The 8x8 handwritten digits: 1,297 training and 500 test images of 10 classes."""

    name: Literal["digits"] = "digits"

    def sizes(self) -> Sizes:
        return Sizes(TRAIN, 500, (8, 8, 1), 10)


def where() -> str:
    """A sentence: the images are part of scikit-learn."""
    return "comes with scikit-learn"


def load(settings: Settings) -> Images:
    """Grey values 0..16 are spread over 0..255. The split is a fixed permutation: the original order is by writer."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(raw.target))
    x = np.round(raw.images[order, :, :, None] * (255 / 16)).astype(np.uint8)
    y = raw.target[order].astype(np.int64)
    parts = x[:TRAIN], y[:TRAIN], x[TRAIN:], y[TRAIN:]
    return Images(*parts, classes=10, title="handwritten digits (scikit-learn)", digest=digest(*parts))
