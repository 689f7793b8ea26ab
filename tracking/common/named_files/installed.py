"""Installed packages that bring nets, data sets, measures and the like: those with an entry point of group `sweep`.

    [project.entry-points.sweep]
    mine = "my_package"

`my_package` then has the same folders as this program's `workers`: my_package/nets, my_package/data, and so on.
"""

import functools
import importlib.metadata
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

GROUP = "sweep"


@dataclass(frozen=True)
class Installed:
    """A package with an entry point. folders: where its files lie; distribution: name and version of what brings it."""

    package: str
    folders: tuple[Path, ...]
    distribution: str

    def names(self, folder: str) -> dict[str, Path]:
        """The modules in one of its folders, such as "nets", and their files."""
        files = [path for root in self.folders for path in sorted((root / folder).glob("*.py"))]
        return {path.stem: path for path in files if path.stem.isidentifier() and not path.stem.startswith("_")}


def installed() -> tuple[Installed, ...]:
    """The packages that are installed for this process. Imports none of them."""
    return _installed(tuple(sys.path))


@functools.lru_cache(maxsize=8)
def _installed(search: tuple[str, ...]) -> tuple[Installed, ...]:
    found = {}
    for entry in importlib.metadata.entry_points(group=GROUP):
        by = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.name
        found[entry.module] = Installed(entry.module, _folders(entry.module), by)
    return tuple(found[name] for name in sorted(found))


def _folders(package: str) -> tuple[Path, ...]:
    """Where the files of a package lie, found without importing the packages around it."""
    outer, *inner = package.split(".")
    try:
        spec = importlib.util.find_spec(outer)
    except ValueError:  # a module without a spec is imported under this name
        spec = None
    places = spec.submodule_search_locations if spec else None
    return tuple(Path(place, *inner) for place in places or ())
