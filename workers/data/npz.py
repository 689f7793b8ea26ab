"""A file of NumPy arrays of the user's: train_x, train_y, test_x and test_y, as `numpy.savez` writes them.

Images are (N, H, W, channels), (N, H, W), or vectors (N, features), in bytes or floating-point numbers. Labels are
integers from 0. Before training only headers and labels are read.
"""

import functools
import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
from numpy.lib import format as npy
from pydantic import Field, ValidationInfo, field_validator

from workers.formats import arrays
from workers.formats.user_file import PATH, FileSettings, Unchanged
from workers.interfaces.dataset import Sizes
from workers.interfaces.images import Images

NAMES = ("train_x", "train_y", "test_x", "test_y")


class Settings(FileSettings):
    """An .npz file with the arrays train_x, train_y, test_x and test_y."""

    name: Literal["npz"] = "npz"
    path: str = Field(description=PATH)  # the last field: what is wrong with the file is said at its line

    @field_validator("path")
    @classmethod
    def _holds_examples(cls, path: str, info: ValidationInfo) -> str:
        if not cls.at_launch({**info.data, "path": path}):
            _sizes(Unchanged(path), info.data.get("classes"))
        return path

    @property
    def file(self) -> str:
        return self.path

    def read_sizes(self) -> Sizes:
        return _sizes(Unchanged(self.path), self.classes)

    def found(self) -> str:
        return _content(Unchanged(self.path))


def where() -> str:
    """A sentence: a sweep names the file."""
    return "a file that the sweep names"


def load(settings: Settings) -> Images:
    """The examples in the file. Raises ValueError for what are no examples, or numbers that are not finite."""
    settings.check_content()
    known, file = settings.sizes(), Unchanged(settings.path)
    with _named(file), np.load(file.path, allow_pickle=False) as content:
        train_x, train_y, test_x, test_y = (content[name] for name in NAMES)
        return arrays.loaded((train_x, train_y, test_x, test_y), known, settings.title, ("train_x", "test_x"))


@functools.lru_cache(maxsize=16)
def _sizes(file: Unchanged, classes: int | None) -> Sizes:
    with _named(file), zipfile.ZipFile(file.path) as content:
        found = {name.removesuffix(".npy") for name in content.namelist()}
        if lacking := [name for name in NAMES if name not in found]:
            raise ValueError(f"lacks {', '.join(lacking)}; it has {', '.join(sorted(found)) or 'no arrays'}")
        headers = {name: _header(content, name) for name in NAMES}
        if objects := [name for name, header in headers.items() if header.dtype.hasobject]:
            raise ValueError(f"{', '.join(objects)} holds Python objects, which are not read; save plain arrays")
        with np.load(file.path, allow_pickle=False) as whole:
            train, test = (arrays.Split(headers[x], whole[y], y) for x, y in (NAMES[:2], NAMES[2:]))
        return arrays.sizes(train, test, classes)


@functools.lru_cache(maxsize=16)
def _content(file: Unchanged) -> str:
    """Digest of the checksums that the archive itself has of each array; not of times, which differ after each save."""
    with _named(file), zipfile.ZipFile(file.path) as content:
        about = [(name, (info := content.getinfo(f"{name}.npy")).file_size, info.CRC) for name in NAMES]
    return hashlib.sha256(repr(about).encode()).hexdigest()[:16]


def _header(content: zipfile.ZipFile, name: str) -> arrays.Header:
    with content.open(f"{name}.npy") as file:
        old = npy.read_magic(file) == (1, 0)
        shape, _, dtype = npy.read_array_header_1_0(file) if old else npy.read_array_header_2_0(file)
    return arrays.Header(name, shape, dtype)


@contextmanager
def _named(file: Unchanged) -> Iterator[None]:
    """Raises what is wrong as ValueError with the path of the file."""
    try:
        yield
    except zipfile.BadZipFile as error:
        raise ValueError(f"{file.path} is no .npz file; write one by numpy.savez") from error
    except (OSError, ValueError) as error:
        raise ValueError(f"{file.path}: {error}") from error
