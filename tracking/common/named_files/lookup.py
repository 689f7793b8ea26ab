"""Where the files lie that a name may mean: in this program, beside the sweep file, in installed packages."""

import ast
import functools
import importlib
import pkgutil
import traceback
from collections.abc import Mapping
from importlib.machinery import FileFinder
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from tracking.common.errors import BadPlugin, Refused
from tracking.common.named_files.installed import Installed, installed
from tracking.common.named_files.user_files import UserFiles, current
from tracking.common.named_files.user_modules import INIT, failures


class Place(NamedTuple):
    """One file of a name. by: who brings it: "" for this program, "beside" for the user, else the distribution."""

    path: Path
    module: str
    by: str = ""

    @property
    def shipped(self) -> bool:
        return not self.by

    def problem(self) -> str:
        """Why the file cannot be imported, as far as that is known without running it; "" where it may be."""
        try:
            ast.parse(self.path.read_bytes(), str(self.path))
        except (SyntaxError, ValueError, OSError) as error:
            return f"{where(error, self)}: {_said(error)}"
        return ""


Table = Mapping[str, tuple[Place, ...]]  # the places of each name, in the order of the lookup


def places(folder: str, extensible: bool) -> Table:
    """Every name of a kind, sorted, with its places. folder: the package of this program that holds the kind."""
    return _shipped(folder) if not extensible else _places(folder, current(), installed())


@functools.cache
def _shipped(folder: str) -> Table:
    package = importlib.import_module(folder)
    found = {}
    for one in pkgutil.iter_modules(package.__path__):
        if not one.name.startswith("_") and isinstance(one.module_finder, FileFinder):
            inner = f"{one.name}/{INIT}" if one.ispkg else f"{one.name}.py"
            found[one.name] = (Place(Path(one.module_finder.path, inner), f"{folder}.{one.name}"),)
    return dict(sorted(found.items()))


@functools.lru_cache(maxsize=512)
def _places(folder: str, files: UserFiles, packages: tuple[Installed, ...]) -> Table:
    own = folder.rpartition(".")[2]
    found = {name: list(places) for name, places in _shipped(folder).items()}
    for name in files.names(own):
        module = f"{files.package}.{own}.{name}"
        found.setdefault(name, []).extend(Place(path, module, "beside") for path in files.paths(own, name))
    for package in packages:
        for name, path in package.names(own).items():
            if all(path != known.path for known in found.setdefault(name, [])):
                found[name].append(Place(path, f"{package.package}.{own}.{name}", package.distribution))
    return {name: tuple(found[name]) for name in sorted(found)}


def one(what: str, name: str, found: tuple[Place, ...]) -> Place:
    """The only place of a name. Raises Refused with all of them where there are several."""
    if len(found) > 1:
        paths = " and ".join(str(place.path) for place in found)
        raise Refused(f"{what} '{name}' exists more than once: {paths}; rename one of them")
    return found[0]


def imported(what: str, name: str, place: Place) -> ModuleType:
    """The module at a place. Raises BadPlugin with path and line where a file that is not this program's fails."""
    if place.shipped:
        return importlib.import_module(place.module)
    known = failures.get(place.module)
    if known is None:
        try:
            return importlib.import_module(place.module)
        except (Exception, SystemExit) as error:
            known = failures[place.module] = f"{where(error, place)}: {_said(error)}"
    raise BadPlugin(f"{what} '{name}' cannot be imported: {known}")


def where(error: BaseException, place: Place) -> str:
    """The innermost line of the user's own files that an error comes from."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    root = place.module.partition(".")[0]
    lines = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__", "").partition(".")[0] == root
    ]
    return lines[-1] if lines else str(place.path)


def _said(error: BaseException) -> str:
    """What an error says, and what to write where a file beside the one that fails was meant."""
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    text = f"{type(error).__name__}: {said}".rstrip(": ")
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{text.replace(f'{current().package}.', '..')}{_meant(error.name)}"
    return text


def _meant(name: str) -> str:
    """What to write where a module that is not found is a file of the user's. name: as it was imported."""
    files, last = current(), name.rpartition(".")[2]
    folders = sorted({path.partition("/")[0] for path in files.sources})
    for folder in folders:
        if f"{folder}/{last}.py" in files.sources:
            return f"; {folder}/{last}.py is found by `from . import {last}`"
    if name in folders:
        return "; files beside a sweep import each other relatively: `from ._blocks import Block`"
    if files.folder and Path(files.folder, f"{last}.py").is_file():
        return f"; {last}.py is in no folder of a kind: as nets/_{last}.py it is found by `from ..nets import _{last}`"
    return ""
