"""CIFAR-100 (Krizhevsky 2009): 50,000 training and 10,000 test colour images of 32x32 pixels in 100 classes.

Looked for like CIFAR-10, as an archive, the folder extracted from it, or Parquet files of the Hugging Face hub (columns
img.bytes, fine_label); the archive is the binary one, which is what is downloaded, or the Python one.
"""

from typing import Literal

from workers.formats.cifar import Archive, Cifar, binary_batch, python_batch
from workers.formats.tables import Columns
from workers.interfaces.dataset import DataSettings, Sizes
from workers.interfaces.images import Images

BINARY = Archive(
    "cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8", "cifar-100-binary", ("train.bin",), "test.bin",
    binary_batch(labels=2),
)  # fmt: skip
PYTHON = Archive(
    "cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85", "cifar-100-python", ("train",), "test",
    python_batch(b"fine_labels"),
)  # fmt: skip
CIFAR = Cifar("CIFAR-100", "cifar100", 100, (BINARY, PYTHON), Columns("img", "fine_label"))


class Settings(DataSettings):
    """CIFAR-100: 50,000 training and 10,000 test images, 32x32x3, 100 classes."""

    name: Literal["cifar100"] = "cifar100"

    def sizes(self) -> Sizes:
        return Sizes(50_000, 10_000, (32, 32, 3), 100)


def load(settings: Settings) -> Images:
    """All images, in the order of their source. Raises FileNotFoundError saying how to get them."""
    return CIFAR.load()


def where() -> str:
    """The path on this machine; "" where they would have to be downloaded."""
    return str(CIFAR.here() or "")
