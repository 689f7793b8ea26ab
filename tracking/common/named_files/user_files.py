"""The Python files that lie beside a sweep file: nets, data sets, measures and the like of the user's own.

They are read once, with the sweep. What is imported, what travels to the workers and what a trial's id depends on is
this one reading, whatever happens to the files meanwhile.
"""

import contextlib
import functools
import hashlib
import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from tracking.common.errors import Refused
from tracking.common.named_files.user_modules import INIT, PREFIX, Package, failures, register
from tracking.common.program_sources import PACKAGES, PROGRAM

T = TypeVar("T")
FOLDERS = (
    "claims", "data", "experiments", "losses", "measures", "nets", "optimizers", "perturbations", "schedules",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class UserFiles:
    """The files of one folder. folder: its absolute path, "" where a sweep has none. sources: the content of each file
    by its path below the folder, with slashes, such as "nets/mlp.py". only: the names that are found; None is all.
    paths_from: where paths in the sweep begin, if not at the folder: its files may be kept elsewhere than its data.
    without_data: a sentence on what can be done where a data file is missing, of a sweep that a store keeps. data: what
    is known of data files since it was launched, as `workers/formats/held.py` writes it, by what asks for it.

    Equal where folder, content and `only` are. Pickled by its content: it is importable wherever it is unpickled.
    """

    folder: str = ""
    sources: Mapping[str, bytes] = field(default_factory=dict)
    only: frozenset[str] | None = None
    paths_from: str = ""
    without_data: str = ""
    data: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.folder:
            register(Package(self.package, Path(self.folder), self.sources))

    def __reduce__(self) -> tuple[type["UserFiles"], tuple[object, ...]]:
        also = self.only, self.paths_from, self.without_data, dict(self.data)
        return UserFiles, (self.folder, dict(self.sources), *also)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UserFiles) and (other.package, other.only) == (self.package, self.only)

    def __hash__(self) -> int:
        return hash((self.package, self.only))

    @staticmethod
    def beside(file: str | os.PathLike[str]) -> "UserFiles":
        """The files beside a sweep file. Raises Refused where one of them cannot be read."""
        return UserFiles.of_folder(Path(file).absolute().parent)

    @staticmethod
    def of_folder(folder: Path) -> "UserFiles":
        """The files of a folder. Raises Refused where one of them cannot be read."""
        failures.clear()  # what a file lacked may be there by now
        here = Path(os.path.abspath(folder))
        if any(here.is_relative_to(PROGRAM / name) for name in PACKAGES):
            return UserFiles(str(here))  # this program's own files are found without
        files = (path for name in FOLDERS for path in _python_files(here / name))
        return UserFiles(str(here), {path.relative_to(here).as_posix(): _content(path) for path in files})

    @functools.cached_property
    def package(self) -> str:
        """The name of the package that the files are imported as: by a digest of folder and content."""
        total = hashlib.sha256(self.folder.encode())
        for name, content in sorted(self.sources.items()):
            total.update(b"\0%s\0%d\0%s" % (name.encode(), len(content), content))
        return f"{PREFIX}{total.hexdigest()[:12]}"

    @functools.cached_property
    def digest(self) -> str:
        """Digest of names and content, wherever the folder lies."""
        return UserFiles("", self.sources).package.removeprefix(PREFIX)

    def names(self, folder: str) -> tuple[str, ...]:
        """The modules that lie in one of `FOLDERS`, sorted, without those that begin with an underscore."""
        inner = (name.split("/")[1:] for name in self.sources if name.startswith(f"{folder}/"))
        found = {parts[0].removesuffix(".py") for parts in inner if len(parts) == 1 or parts[1:] == [INIT]}
        return tuple(sorted(n for n in found if not n.startswith("_") and (self.only is None or n in self.only)))

    def among(self, names: Iterable[str]) -> "UserFiles":
        """The same files, of which only those with these names are found."""
        return replace(self, only=frozenset(names))

    def paths(self, folder: str, name: str) -> list[Path]:
        """Where the module of this name lies: as a file, as a package, or as both."""
        either = (f"{folder}/{name}/{INIT}", f"{folder}/{name}.py")
        return [Path(self.folder, path) for path in either if path in self.sources]

    def content(self, path: Path) -> bytes:
        """The content of a file: as it was read with the others, where it is one of them; else from the disk. Raises
        FileNotFoundError."""
        name = path.relative_to(self.folder).as_posix() if self.folder and path.is_relative_to(self.folder) else ""
        return self.sources[name] if name in self.sources else path.read_bytes()

    def write(self, folder: Path) -> None:
        """Writes the files into another folder, below which they lie as they do here."""
        for name, content in self.sources.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    def suggested(self, folder: str, name: str) -> str:
        """Where a module of this name could be put: from the working directory, where that lies above it."""
        path = str(Path(self.folder, folder, f"{name}.py"))
        below = os.path.relpath(path)
        return path if below.startswith(os.pardir) else below

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Names are looked up in these files, too, until the end of the block, in this thread."""
        token = _active.set(self)
        try:
            yield
        finally:
            _active.reset(token)


NONE = UserFiles()
_active: ContextVar[UserFiles] = ContextVar("user_files", default=NONE)


def current() -> UserFiles:
    """The files in which names are looked up besides this program's: those of the sweep that is worked on."""
    return _active.get()


def within(files: UserFiles, steps: Iterator[T]) -> Generator[T, None, None]:
    """The same steps, each made while these files are active; between two steps they are not. Closing it closes
    `steps`, where that is a generator."""
    try:
        while True:
            with files.active():
                try:
                    one = next(steps)
                except StopIteration:
                    return
            yield one
    finally:
        if isinstance(steps, Generator):
            with files.active():
                steps.close()


def _python_files(folder: Path) -> Iterator[Path]:
    """The modules of a folder and of the packages in it. A folder without `__init__.py` is none: it may hold data."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise Refused(f"{folder}: {error.strerror or error}") from error
    for entry in entries:
        if entry.name.endswith(".py") and entry.name.removesuffix(".py").isidentifier() and entry.is_file():
            yield Path(entry.path)
        elif entry.name.isidentifier() and os.path.isfile(os.path.join(entry.path, INIT)):
            yield from _python_files(Path(entry.path))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from error
