"""Where this program lies: its source files (Python and C++) and their digest, and the sweeps that come with it."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

PACKAGES = ("orchestrator", "workers", "tracking", "sweeps")
PROGRAM = Path(__file__).parents[2]  # the folder that holds the packages: a checkout, or site-packages
SHIPPED = PROGRAM / "sweeps"  # the sweep files that come with this program, a folder for each topic
SOURCES = (".py", ".cpp", ".hpp")
COMPUTING = ("workers", "tracking/common", "tracking/records")  # the folders of what computes rows and commits them


def shipped_sweeps() -> dict[str, Path]:
    """The sweep files that come with this program, by name; the folder of each is its topic."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*/*.yaml"))}


def sources(folders: Iterable[str] = PACKAGES, program: Path = PROGRAM) -> list[Path]:
    """The source files below folders of this program, sorted."""
    return sorted(path for name in folders for path in (program / name).rglob("*") if path.suffix in SOURCES)


def digest(paths: Iterable[Path], program: Path = PROGRAM) -> str:
    """SHA-256 of names and content of files, 16 hexadecimal digits."""
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{path.relative_to(program).as_posix()}\n".encode() + path.read_bytes())
    return total.hexdigest()[:16]
