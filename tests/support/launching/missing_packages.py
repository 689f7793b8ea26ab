"""Runs command lines where some distributions are not installed: with links to all others, and the checkout's code.

Python starts without its site-packages (-S), so that neither modules nor metadata of what is left out are found.
"""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

from tests.support.checkout import ROOT


def without(folder: Path, *distributions: str) -> Path:
    """Makes a folder of links to everything that is installed but these distributions."""
    left_out = {file.parts[0] for name in distributions for file in importlib.metadata.files(name) or ()}
    left_out -= {"..", "__pycache__"}
    folder.mkdir()
    for site in {Path(path) for path in sys.path if Path(path).name in ("site-packages", "dist-packages")}:
        for path in site.iterdir():
            link = folder / path.name
            if path.name not in left_out and path.suffix != ".pth" and not link.is_symlink():
                link.symlink_to(path)
    return folder


def run(packages: Path, folder: Path, *arguments: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
    """Runs a command line of the program, which must end with this code and without a traceback."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, packages))), "COLUMNS": "500"}
    done = subprocess.run(
        [sys.executable, "-S", "-m", "orchestrator.cli", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
    return done
