"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 60,000 training and 10,000 test grey images, 28x28, of clothes.

Looked for in the folders fashion_mnist and FashionMNIST/raw of $SWEEP_DATA and of the user's cache, with or without
.gz; else downloaded.
"""

from typing import Literal

from workers.formats import idx
from workers.interfaces.dataset import DataSettings, Sizes
from workers.interfaces.images import Images

FASHION_MNIST = idx.published(
    "Fashion-MNIST",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ("fashion_mnist", "FashionMNIST/raw"),
    (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
)


class Settings(DataSettings):
    """Fashion-MNIST: 60,000 training and 10,000 test images, 28x28x1, 10 classes."""

    name: Literal["fashion_mnist"] = "fashion_mnist"

    def sizes(self) -> Sizes:
        return Sizes(60_000, 10_000, (28, 28, 1), 10)


def load(settings: Settings) -> Images:
    """All images, in the order of their source. Raises FileNotFoundError saying how to get them."""
    return idx.load(FASHION_MNIST)


def where() -> str:
    """The folder on this machine; "" where they would have to be downloaded."""
    return FASHION_MNIST.where()
