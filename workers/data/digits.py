"""Handwritten digits: 1,797 real 8x8 grey images that come with scikit-learn (UCI optical recognition, test part)."""

import importlib.util
from pathlib import Path
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


def file() -> Path:
    """The table that scikit-learn's `load_digits` reads: 64 grey values and the digit, a line an image. To import
    scikit-learn would take every worker a second."""
    found = importlib.util.find_spec("sklearn")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("the digits come with scikit-learn, which is not installed", name="sklearn")
    return Path(found.origin).parent / "datasets/data/digits.csv.gz"


def load(settings: Settings) -> Images:
    """Grey values 0..16 are spread over 0..255. The split is a fixed permutation: the original order is by writer."""
    raw = np.loadtxt(file(), delimiter=",")
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(raw))
    x = np.round(raw[order, :-1].reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    y = raw[order, -1].astype(np.int64)
    parts = x[:TRAIN], y[:TRAIN], x[TRAIN:], y[TRAIN:]
    return Images(*parts, classes=10, title="handwritten digits (scikit-learn)", digest=digest(*parts))
