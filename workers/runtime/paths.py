"""Paths that a sweep file names: those that are not absolute begin at the folder of the sweep file."""

from pathlib import Path

from tracking.common.user_files import current


def resolved(path: str) -> Path:
    """The path on this machine; from the working directory where there is no sweep file."""
    return Path(current().folder, path)


def existing(path: str) -> Path:
    """The same. Raises ValueError, with the folder that it was looked up from, where there is no such file."""
    found = resolved(path)
    if not found.is_file():
        where = "" if Path(path).is_absolute() else f" (from the folder of the sweep file, {found.parent})"
        raise ValueError(f"{path} does not exist{where}" if not found.exists() else f"{path} is no file{where}")
    return found
