"""The format idx of MNIST: a magic number, the sizes, and bytes; often compressed with gzip.

LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
"""

import gzip
import math
from pathlib import Path

import numpy as np

from tracking.common.text import count_of
from workers.formats.published import File, Published
from workers.interfaces.images import Bytes, Images, digest

BYTES = 8  # the code of unsigned bytes
FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def published(title: str, home: str, folders: tuple[str, ...], md5: tuple[str, str, str, str]) -> Published:
    """A data set of the same four files as MNIST. md5: of training images and labels, test images and labels."""
    return Published(title, home, tuple(File(*file) for file in zip(FILES, md5, strict=True)), folders)


def load(source: Published) -> Images:
    """The images of such a data set, of one channel and 10 classes."""
    train_x, train_y, test_x, test_y = (read(path) for path in source.get())
    parts = train_x[..., None], train_y.astype(np.int64), test_x[..., None], test_y.astype(np.int64)
    return Images(*parts, classes=10, title=source.title, digest=digest(*parts))


def read(path: Path) -> Bytes:
    """The array of a file. Raises ValueError where it is no idx file of bytes, or is cut short."""
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    if raw[:3] != bytes([0, 0, BYTES]):
        raise ValueError(f"{path} is no idx file of bytes: it begins with {raw[:3].hex()}, expected 0000{BYTES:02x}")
    shape = np.frombuffer(raw, ">u4", raw[3], 4)
    values = np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3])
    if len(values) != math.prod(shape.tolist()):
        raise ValueError(
            f"{path} has {count_of(len(values), 'value')}, expected {' x '.join(map(str, shape))}; get it again"
        )
    return values.reshape(shape)
