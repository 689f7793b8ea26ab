"""Published files of a data set: looked up in $SWEEP_DATA and the user's cache folder, else downloaded and verified."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from workers.runtime import cache


def data_folders() -> list[Path]:
    """Folders in which data sets are looked up, in order: $SWEEP_DATA, then the cache."""
    given = os.environ.get("SWEEP_DATA")
    return [Path(given), cache.folder()] if given else [cache.folder()]


class File(NamedTuple):
    """A file as it is published, and its MD5 digest."""

    name: str
    md5: str


@dataclass(frozen=True)
class Published:
    """The files of one data set.

    title: what figures write. home: the address that file names are added to. folders: where the files lie below a
    folder with data sets; downloads go to the first.
    """

    title: str
    home: str
    files: tuple[File, ...]
    folders: tuple[str, ...]

    def here(self) -> list[Path]:
        """The files on this machine, in order, a name that ends in .gz with or without that; none where one lacks."""
        for folder in (place / below for place in data_folders() for below in self.folders):
            found = [_either(folder / file.name) for file in self.files]
            if all(path.is_file() for path in found):
                return found
        return []

    def get(self) -> list[Path]:
        """The files, downloaded where they are not here.

        Raises ValueError for a file that has the published name and another content, FileNotFoundError, saying how to
        get the files, where they cannot be downloaded.
        """
        with cache.lock(self.folders[0]):
            found = self.here() or self._download()
            for path, file in zip(found, self.files, strict=True):
                if path.name == file.name:
                    cache.check_md5(path, file.md5)
        return found

    def where(self) -> str:
        """The folder on this machine; "" where the files would have to be downloaded."""
        return next((str(path.parent) for path in self.here()), "")

    def _download(self) -> list[Path]:
        kept = cache.folder() / self.folders[0]
        kept.mkdir(exist_ok=True)
        try:
            for file in self.files:
                cache.fetch(self.home + file.name, kept / file.name, file.md5)
        except (OSError, ValueError) as error:
            raise FileNotFoundError(
                how_to_get(self.title, self.folders, [f.name for f in self.files], error)
            ) from error
        return [kept / file.name for file in self.files]


def how_to_get(title: str, folders: tuple[str, ...], names: list[str], error: Exception) -> str:
    """The message for data that are not here and cannot be downloaded."""
    looked = ", ".join(str(place / below) for place in data_folders() for below in folders)
    return (
        f"{title} is in none of {looked}, and downloading it failed ({type(error).__name__}: {str(error)[:200]}). "
        f"Put {', '.join(names)} into such a folder, and name the folder above it in SWEEP_DATA; or try a sweep on "
        "digits, which need no download (--debug)."
    )


def _either(path: Path) -> Path:
    unpacked = path.with_suffix("")
    return unpacked if path.suffix == ".gz" and not path.is_file() and unpacked.is_file() else path
