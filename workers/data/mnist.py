"""MNIST (LeCun, Cortes and Burges 1998): 60,000 training and 10,000 test grey images of 28x28 pixels, digits.

Looked for in the folders mnist and MNIST/raw of $SWEEP_DATA and of the user's cache, with or without .gz; else
downloaded.
"""

from typing import Literal

from workers.formats import idx
from workers.interfaces.dataset import DataSettings, Sizes
from workers.interfaces.images import Images

MNIST = idx.published(
    "MNIST",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ("mnist", "MNIST/raw"),
    (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
)


class Settings(DataSettings):
    """MNIST: 60,000 training and 10,000 test images, 28x28x1, 10 classes."""

    name: Literal["mnist"] = "mnist"

    def sizes(self) -> Sizes:
        return Sizes(60_000, 10_000, (28, 28, 1), 10)


def load(settings: Settings) -> Images:
    """All images, in the order of their source. Raises FileNotFoundError saying how to get them."""
    return idx.load(MNIST)


def where() -> str:
    """The folder on this machine; "" where they would have to be downloaded."""
    return MNIST.where()
