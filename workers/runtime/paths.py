"""Paths that a sweep file names: those that are not absolute begin at the folder of the sweep file."""

from pathlib import Path

from tracking.common.named_files.user_files import current


def resolved(path: str) -> Path:
    """The path on this machine; from the working directory where there is no sweep file."""
    return Path(current().paths_from or current().folder, path)


def existing(path: str) -> Path:
    """The same. Raises ValueError, with the whole path, where there is no such file."""
    found = resolved(path)
    if not found.exists() and (remedy := current().without_data):
        raise ValueError(f"{found.absolute()} does not exist, and a store keeps no data files; {remedy}")
    if not found.is_file():
        begins = "" if Path(path).is_absolute() else "; a path begins at the folder of the sweep file, unless with /"
        raise ValueError(f"{found} {'is no file' if found.exists() else 'does not exist'}{begins}")
    return found
