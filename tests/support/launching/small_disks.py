"""Small file systems, mounted for tests: disks that are full of bytes or of files, or cannot be written."""

import functools
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@functools.cache
def can_mount() -> bool:
    """Whether the system lets this process mount a file system."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True)
        return done.returncode == 0 and subprocess.run(["umount", "-l", folder], check=True).returncode == 0


@contextmanager
def small_disk(folder: Path, size: str, files: int = 0) -> Iterator[Path]:
    """A file system of this size, and for so many files if given, mounted at `folder`. Skips where the system does not
    let us."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={size},nr_inodes={files}"  # 0: as many as there is memory for
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True, capture_output=True)
