"""SVHN (Netzer et al. 2011), cropped digits of house numbers: 73,257 training and 26,032 test colour images, 32x32.

Looked for in the folder svhn of $SWEEP_DATA and of the user's cache; else downloaded. The files are MATLAB's, in
which the digit 0 has the label 10.
"""

from pathlib import Path
from typing import Literal

import numpy as np

from workers.formats.published import File, Published
from workers.interfaces.dataset import DataSettings, Sizes
from workers.interfaces.images import Bytes, Images, Labels, digest

SVHN = Published(
    "SVHN",
    "http://ufldl.stanford.edu/housenumbers/",
    (
        File("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"),
        File("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"),
    ),
    ("svhn",),
)


class Settings(DataSettings):
    """SVHN, cropped: 73,257 training and 26,032 test images, 32x32x3, 10 classes."""

    name: Literal["svhn"] = "svhn"

    def sizes(self) -> Sizes:
        return Sizes(73_257, 26_032, (32, 32, 3), 10)


def load(settings: Settings) -> Images:
    """All images, in the order of their source. Raises FileNotFoundError saying how to get them."""
    train, test = (read(path) for path in SVHN.get())
    return Images(*train, *test, classes=10, title=SVHN.title, digest=digest(*train, *test))


def where() -> str:
    """The folder on this machine; "" where they would have to be downloaded."""
    return SVHN.where()


def read(path: Path) -> tuple[Bytes, Labels]:
    """Images and labels of a file, in which images are (H, W, channels, N)."""
    from scipy.io import loadmat

    content = loadmat(str(path), variable_names=("X", "y"))
    images = np.ascontiguousarray(content["X"].transpose(3, 0, 1, 2))
    return images, content["y"].ravel().astype(np.int64) % 10
