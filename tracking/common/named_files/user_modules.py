"""Imports Python files of users from their text, in packages of their own.

`sys.path` neither finds these modules nor is changed by them: a package is named by a digest of its files, so that two
folders with a net of the same name, or two versions of one file, live side by side in a process. The files need not
be on this machine: what runs on the node of a cluster is the text that the launcher has read.
"""

import importlib.abc
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

PREFIX = "sweep_user_"
INIT = "__init__.py"


@dataclass(frozen=True)
class Package:
    """The files of one folder: `sources` by their path below the folder, with slashes, such as "nets/mlp.py"."""

    name: str
    folder: Path
    sources: Mapping[str, bytes]

    def file(self, parts: Sequence[str]) -> str | None:
        """The file of a module, given its name in parts without that of the package; None where there is none."""
        inner = "/".join(parts)
        return next((name for name in (f"{inner}.py", f"{inner}/{INIT}".lstrip("/")) if name in self.sources), None)

    def is_folder(self, parts: Sequence[str]) -> bool:
        """Whether modules lie below a name, with an `__init__.py` or without."""
        return not parts or any(name.startswith(f"{'/'.join(parts)}/") for name in self.sources)


_packages: dict[str, Package] = {}
failures: dict[str, str] = {}  # what failed by module: a file is not run again for every trial that names it


def register(package: Package) -> None:
    """Makes the modules of a package importable in this process: `sweep_user_0123456789ab.nets.mlp`."""
    _packages[package.name] = package


def package_of(module: str) -> Package | None:
    """The package that a module of this name belongs to; None where it is no user's."""
    return _packages.get(module.partition(".")[0])


class _Loader(importlib.abc.InspectLoader):
    """Runs the text of one file. `get_source` gives it to tracebacks and debuggers where the file is gone."""

    def __init__(self, path: Path, content: bytes, folder: bool) -> None:
        self.path, self.content, self.folder = path, content, folder

    def is_package(self, fullname: str) -> bool:
        return self.folder

    def get_filename(self, fullname: str) -> str:
        return str(self.path)

    def get_source(self, fullname: str) -> str:
        return importlib.util.decode_source(self.content)

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.content, str(self.path))

    def exec_module(self, module: ModuleType) -> None:
        exec(self.get_code(module.__name__), module.__dict__)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds modules of registered packages, and no others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package = package_of(fullname)
        if package is None:
            return None
        parts = fullname.split(".")[1:]
        file, folder = package.file(parts), package.is_folder(parts)
        if file is None and not folder:
            return None
        where = package.folder / (file or "/".join((*parts, INIT)))
        loader = _Loader(where, package.sources[file] if file else b"", folder)
        spec = ModuleSpec(fullname, loader, origin=str(where), is_package=folder)
        spec.has_location = True
        return spec


sys.meta_path.insert(0, _Finder())
