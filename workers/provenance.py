"""Where a record comes from: code, versions and machine."""

import functools
import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import Any

PACKAGES = ("sweep", "torch", "numpy", "ray", "mlflow")


@functools.cache
def code() -> dict[str, Any]:
    """The commit this code is from and whether files differ from it; empty where it is no checkout."""
    here = Path(__file__).parent
    commit = _git(here, "rev-parse", "HEAD")
    if not commit:
        return {}
    return {"commit": commit, "modified": bool(_git(here, "status", "--porcelain", "--untracked-files=no"))}


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=False)
    except OSError:  # no git on this machine: an installed package has no commit to tell
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def of(device: str) -> dict[str, Any]:
    """Commit, versions, machine and device of this process, as plain values."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {
        "code": code(),
        "versions": {"python": platform.python_version(), **versions},
        "device": _hardware(device),
        "host": platform.node(),
    }


def _hardware(device: str) -> str:
    if device.startswith("cuda"):
        import torch

        return str(torch.cuda.get_device_name(device))
    return _cpu()


@functools.cache
def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return f"cpu: {line.split(':', 1)[1].strip()}"
    return f"cpu: {platform.processor() or platform.machine()}"
