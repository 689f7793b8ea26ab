"""Versions of this program and of the packages that it uses, and what to do where one is missing.

The program runs from a checkout that was never installed, too, such as one on PYTHONPATH: then there is no metadata of
it, and pyproject.toml says the same.
"""

import functools
import importlib.metadata
import importlib.util
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass

from tracking.common.errors import Refused
from tracking.common.program_sources import PROGRAM

NAME = "sweep"  # of the distribution


@dataclass(frozen=True)
class Program:
    """Version and requirements of this program. requirements: as in pyproject.toml, "torch>=2.9" and so on."""

    version: str
    requirements: tuple[str, ...]


@functools.cache
def program() -> Program:
    """That of the checkout it runs from, else of its installation. Raises Refused where neither says it."""
    if found := _checkout():
        return found
    try:
        return Program(importlib.metadata.version(NAME), tuple(importlib.metadata.requires(NAME) or ()))
    except importlib.metadata.PackageNotFoundError as error:
        raise Refused(
            f"the program in {PROGRAM} is not installed, and has no pyproject.toml that says its version; install it "
            "with pip"
        ) from error


def _checkout() -> Program | None:
    """What pyproject.toml says, where the program lies in its own checkout."""
    try:
        project = tomllib.loads((PROGRAM / "pyproject.toml").read_text("utf-8"))["project"]
        found = Program(project["version"], tuple(project["dependencies"]))
    except (OSError, tomllib.TOMLDecodeError, KeyError):  # an installation, beside which there may be any such file
        return None
    return found if project["name"] == NAME else None


def of(packages: Iterable[str]) -> dict[str, str]:
    """The versions of those packages that are installed; "sweep" is this program."""
    found = {}
    for name in packages:
        try:
            found[name] = program().version if name == NAME else importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def is_installed(module: str) -> bool:
    """Whether a module is there. It is not imported."""
    return importlib.util.find_spec(module) is not None


def refuse_missing(modules: Iterable[str], instead: str = "") -> None:
    """Raises Refused where one of these modules is not installed. Imports none of them. instead: what can be done
    without them."""
    if missing := [name for name in modules if not is_installed(name)]:
        raise Refused("; ".join(filter(None, (not_installed(*missing), instead))))


def not_installed(*packages: str) -> str:
    """That these Python packages are missing, and what to do."""
    what = f"package '{packages[0]}' is" if len(packages) == 1 else f"packages {', '.join(packages)} are"
    remedy = (
        f"`pip install -e {PROGRAM}` installs" if _checkout() else "installing this program again with pip installs"
    )
    return f"the Python {what} not installed here; {remedy} what this program needs"
