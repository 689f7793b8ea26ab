"""CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test colour images of 32x32 pixels in 10 classes.

Looked for in $SWEEP_DATA, then in the user's cache folder, in three forms: the official archive
cifar-10-python.tar.gz, the folder cifar-10-batches-py extracted from it, or a folder of Parquet files in the layout
of the Hugging Face hub (columns img.bytes, label). Found nowhere, the archive is downloaded from its home
page into the cache, and its digest checked. Parquet images are decoded once per machine and kept beside the cache.
"""

from typing import Literal

from workers.formats.cifar import Archive, Cifar, python_batch
from workers.formats.tables import Columns
from workers.interfaces.dataset import DataSettings, Sizes
from workers.interfaces.images import Images

TRAIN = tuple(f"data_batch_{i}" for i in range(1, 6))
PYTHON = Archive(
    "cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a", "cifar-10-batches-py", TRAIN, "test_batch",
    python_batch(b"labels"),
)  # fmt: skip
CIFAR = Cifar("CIFAR-10", "cifar10", 10, (PYTHON,), Columns("img", "label"))


class Settings(DataSettings):
    """CIFAR-10: 50,000 training and 10,000 test images, 32x32x3, 10 classes."""

    name: Literal["cifar10"] = "cifar10"

    def sizes(self) -> Sizes:
        return Sizes(50_000, 10_000, (32, 32, 3), 10)


def load(settings: Settings) -> Images:
    """All images, in the order of their source. Raises FileNotFoundError saying how to get them."""
    return CIFAR.load()


def where() -> str:
    """The path on this machine; "" where they would have to be downloaded."""
    return str(CIFAR.here() or "")
