"""The archives of CIFAR-10 and CIFAR-100: Python batches, binary batches, or Parquet files of the Hugging Face hub.

Krizhevsky, "Learning multiple layers of features from tiny images" (2009). The Python batches are pickles, which are
read without running code from them.
"""

import pickle
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from workers.formats import tables
from workers.formats.published import data_folders, how_to_get
from workers.interfaces.images import Bytes, Images, Labels, digest
from workers.runtime import cache

HOME = "https://www.cs.toronto.edu/~kriz/"
PIXELS = 3 * 32 * 32  # numbers in an image
Read = Callable[[IO[bytes]], tuple[Bytes, Labels]]
Parts = tuple[Bytes, Labels, Bytes, Labels]  # training images and labels, test images and labels


@dataclass(frozen=True)
class Archive:
    """A published archive with its MD5 digest, the folder in it, its batches, and how one of them is read."""

    name: str
    md5: str
    folder: str
    train: tuple[str, ...]
    test: str
    read: Read


@dataclass(frozen=True)
class Cifar:
    """One of the two data sets. archives: its forms; the first is what is downloaded. columns: of images and of labels
    in Parquet files."""

    title: str
    key: str
    classes: int
    archives: tuple[Archive, ...]
    columns: tables.Columns

    def load(self) -> Images:
        """All images, in the order of their source. Raises FileNotFoundError saying how to get them."""
        with cache.lock(self.key):
            return self._read(self.here() or self._download())

    def here(self) -> Path | None:
        """An archive, the folder extracted from it, or a folder with Parquet files, on this machine."""
        for place in (place / below for place in data_folders() for below in ("", self.key)):
            for archive in self.archives:
                if (place / archive.folder / archive.train[0]).is_file():
                    return place / archive.folder
                if (place / archive.name).is_file():
                    return place / archive.name
            train, test = _tables(place)
            if train and test and set(self.columns) <= {*tables.columns_of(train[0]), ""}:
                return place
        return None

    def _download(self) -> Path:
        archive = self.archives[0]
        kept = cache.folder() / archive.name
        try:
            cache.fetch(HOME + archive.name, kept, archive.md5)
        except (OSError, ValueError) as error:
            names = [f"one of {archive.name}", archive.folder, "Parquet files train*.parquet and test*.parquet"]
            raise FileNotFoundError(how_to_get(self.title, ("", self.key), names, error)) from error
        return kept

    def _read(self, path: Path) -> Images:
        for archive in self.archives:
            if path.name in (archive.name, archive.folder):
                return self._images(_batches(archive, path), self.title)
        train, test = (tables.kept(files, self.columns) for files in _tables(path))
        title = f"{self.title} (JPEG re-encoded)" if train.jpeg or test.jpeg else self.title
        return self._images((train.images, train.labels, test.images, test.labels), title)

    def _images(self, parts: Parts, title: str) -> Images:
        return Images(*parts, classes=self.classes, title=title, digest=digest(*parts))


def _tables(place: Path) -> tuple[list[Path], list[Path]]:
    return sorted(place.glob("train*.parquet")), sorted(place.glob("test*.parquet"))


def _batches(archive: Archive, path: Path) -> Parts:
    with _opened(archive, path) as opened:
        train = [archive.read(opened(name)) for name in archive.train]
        test_x, test_y = archive.read(opened(archive.test))
    return np.concatenate([x for x, _ in train]), np.concatenate([y for _, y in train]), test_x, test_y


@contextmanager
def _opened(archive: Archive, path: Path) -> Iterator[Callable[[str], IO[bytes]]]:
    """A function that opens a batch of an archive, whose digest is checked, or of a folder."""
    if path.name != archive.name:
        yield lambda name: (path / name).open("rb")
        return
    cache.check_md5(path, archive.md5)
    with tarfile.open(path) as content:

        def member(name: str) -> IO[bytes]:
            file = content.extractfile(f"{archive.folder}/{name}")
            assert file is not None  # a member of the archive that is a file
            return file

        yield member


class _ArraysOnly(pickle.Unpickler):
    """Reads the Python batches, which are pickles, without running code: only numpy arrays are let through."""

    allowed = frozenset({"_reconstruct", "ndarray", "dtype", "encode"})

    def find_class(self, module: str, name: str) -> Any:
        if name not in self.allowed or module.split(".")[0] not in {"numpy", "_codecs"}:
            raise ValueError(f"batch of images asks for {module}.{name}, which no batch of images needs")
        return super().find_class(module, name)


def python_batch(labels: bytes) -> Read:
    """Reads a Python batch, whose labels are under this key."""

    def read(file: IO[bytes]) -> tuple[Bytes, Labels]:
        with file:
            raw = _ArraysOnly(file, encoding="bytes").load()
        return _channels_last(raw[b"data"]), np.asarray(raw[labels], dtype=np.int64)

    return read


def binary_batch(labels: int) -> Read:
    """Reads a binary batch: records of so many labels, of which the last is the class, and the pixels."""

    def read(file: IO[bytes]) -> tuple[Bytes, Labels]:
        with file:
            records = np.frombuffer(file.read(), np.uint8).reshape(-1, labels + PIXELS)
        return _channels_last(records[:, labels:]), records[:, labels - 1].astype(np.int64)

    return read


def _channels_last(pixels: Bytes) -> Bytes:
    return np.ascontiguousarray(pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
