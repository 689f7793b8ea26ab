"""Parquet files of the user's, with a column of images and a column of labels (`workers/formats/tables.py`).

Training and test examples are two files, or one file with a column whose values are train and test.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from workers.formats import arrays, tables
from workers.formats.user_file import PATH, FileSettings, Unchanged
from workers.interfaces.dataset import Sizes
from workers.interfaces.images import Images
from workers.runtime import cache

PARTS = ("train", "test")


class Settings(FileSettings):
    """Parquet files with images, encoded or as lists of numbers, and labels."""

    name: Literal["parquet"] = "parquet"
    image: str = Field("image", min_length=1, description="The column of the images.")
    label: str = Field("label", min_length=1, description="The column of the labels.")
    split: str = Field(
        "split", min_length=1, description="Of a single file: the column that says train or test of every row."
    )
    test_path: str | None = Field(None, description="The file of the test examples, if they have one of their own.")
    path: str = Field(description=PATH)  # the last field: what is wrong with the files is said at its line

    @field_validator("path")
    @classmethod
    def _holds_examples(cls, path: str, info: ValidationInfo) -> str:
        known = info.data
        whole = {"image", "label", "split", "test_path", "classes"} <= known.keys()
        if whole and not cls.at_launch({**known, "path": path}):
            _sizes(*_files(path, known["test_path"]), _columns(known), known["classes"])
        return path

    @property
    def file(self) -> str:
        return self.path

    def read_sizes(self) -> Sizes:
        return _sizes(*_files(self.path, self.test_path), _columns(self.__dict__), self.classes)

    def found(self) -> str:
        return _content(*_files(self.path, self.test_path))


def where() -> str:
    """A sentence: a sweep names the file."""
    return "a file that the sweep names"


def load(settings: Settings) -> Images:
    """The examples in the files. Raises ValueError for what are no examples, or numbers that are not finite."""
    settings.check_content()
    known, columns = settings.sizes(), _columns(settings.__dict__)
    files = _files(settings.path, settings.test_path)
    with _named(files[0]):
        train, test = (
            tables.kept([file.path], columns, part if columns.split else "")
            for file, part in zip(files, PARTS, strict=True)
        )
        parts = train.images, train.labels, test.images, test.labels
        return arrays.loaded(
            parts, known, settings.title, (f"'{columns.image}' of train", f"'{columns.image}' of test")
        )


def _files(path: str, test_path: str | None) -> tuple[Unchanged, Unchanged]:
    """The files of training and test examples."""
    return Unchanged(path), Unchanged(path if test_path is None else test_path)


def _columns(settings: dict[str, str | None]) -> tables.Columns:
    return tables.Columns(
        settings["image"] or "", settings["label"] or "", "" if settings["test_path"] else settings["split"] or ""
    )


@functools.lru_cache(maxsize=16)
def _sizes(train: Unchanged, test: Unchanged, columns: tables.Columns, classes: int | None) -> Sizes:
    splits = [_split(file, columns, part) for file, part in zip((train, test), PARTS, strict=True)]
    with _named(train):
        return arrays.sizes(splits[0], splits[1], classes)


def _split(file: Unchanged, columns: tables.Columns, part: str) -> arrays.Split:
    with _named(file):
        _check_columns(file, columns)
        return tables.split(file.path, columns, part, part)


def _check_columns(file: Unchanged, columns: tables.Columns) -> None:
    there = tables.columns_of(file.path)
    if lacking := [name for name in columns if name and name not in there]:
        hint = "; test examples in a file of their own are named by `test_path`" if columns.split in lacking else ""
        raise ValueError(f"has no column '{lacking[0]}'; it has {', '.join(there)}{hint}")
    if columns.split and not set(PARTS) <= set(found := tables.parts(file.path, columns.split)):
        raise ValueError(f"'{columns.split}' must say train and test, got {', '.join(found)}")


@functools.lru_cache(maxsize=16)
def _content(*files: Unchanged) -> str:
    return cache.fingerprint([file.path for file in files])


@contextmanager
def _named(file: Unchanged) -> Iterator[None]:
    """Raises what is wrong as ValueError with the path of the file."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise ValueError(f"{file.path}: {error}") from error
