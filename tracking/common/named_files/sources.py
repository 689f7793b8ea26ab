"""Which files a module of a user consists of: its own, and what it imports from the same folder or package.

Found in the text of the files, without running it, so that imports inside functions count, too.
"""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tracking.common.named_files.installed import installed
from tracking.common.named_files.user_modules import INIT, Package, package_of

Parts = tuple[str, ...]  # the name of a module without that of its package: ("nets", "mlp")


@dataclass(frozen=True)
class Source:
    """One file. name: its path below the user's folder or the package, with slashes, such as "nets/mlp.py"."""

    name: str
    path: Path
    content: bytes


def sources(module: ModuleType) -> tuple[Source, ...]:
    """The files that a module consists of, sorted by name; none for a module of this program.

    They are the module's own, those that it and they import by `from . import helper` (in an installed package also by
    `from my_package import helper`), and the `__init__.py` of the folders they lie in.
    """
    return _sources(module.__name__)


@functools.lru_cache(maxsize=1024)
def _sources(module: str) -> tuple[Source, ...]:
    """What a name stands for does not change: of a user's folder it has the digest, and a package is imported once."""
    package = package_of(module) or _installed_package(module)
    if package is None:
        return ()
    inner = module.removeprefix(package.name).lstrip(".")
    found: dict[str, Source] = {}
    waiting = [tuple(inner.split("."))]
    while waiting:
        parts = waiting.pop()
        if parts:
            waiting.append(parts[:-1])
        file = package.file(parts)
        if file is not None and file not in found:
            found[file] = Source(file, package.folder / file, package.sources[file])
            waiting += _imported(package, parts, file)
    return tuple(found[name] for name in sorted(found))


def _installed_package(module: str) -> Package | None:
    """The installed package of a module, with the files in it."""
    for one in installed():
        if f"{module}.".startswith(f"{one.package}.") and one.folders:
            root = one.folders[0]
            files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.py"))}
            return Package(one.package, root, files)
    return None


def _imported(package: Package, parts: Parts, file: str) -> Iterator[Parts]:
    """The names that a file imports from its own package, as far as they may be modules."""
    try:
        tree = ast.parse(package.sources[file])
    except (SyntaxError, ValueError):  # it is imported in a function, if at all, and raises there
        return
    folder = parts if file.endswith(INIT) else parts[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (own for alias in node.names if (own := _own(package, alias.name)) is not None)
        elif isinstance(node, ast.ImportFrom):
            base = _base(package, folder, node)
            if base is not None:
                yield base
                yield from ((*base, alias.name) for alias in node.names)


def _base(package: Package, folder: Parts, node: ast.ImportFrom) -> Parts | None:
    """What `from BASE import` names; None where it is of another package."""
    if not node.level:
        return _own(package, node.module or "")
    if node.level - 1 > len(folder):
        return None
    return (*folder[: len(folder) - node.level + 1], *(node.module.split(".") if node.module else ()))


def _own(package: Package, name: str) -> Parts | None:
    if not f"{name}.".startswith(f"{package.name}."):
        return None
    inner = name.removeprefix(package.name).lstrip(".")
    return tuple(inner.split(".")) if inner else ()
