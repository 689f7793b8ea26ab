"""The provenance of records: code, versions, machine and device."""

import functools
import hashlib
import importlib.metadata
import platform
import subprocess
from pathlib import Path

from tracking.common.program import PROGRAM
from tracking.records.provenance import Code, Provenance

LONGEST = 1_000_000  # characters of a patch that are kept
PACKAGES = ("sweep", "torch", "numpy", "ray", "mlflow")


@functools.cache
def code() -> Code:
    """The commit this code is from and whether files differ from it; empty where it is no checkout."""
    commit = _git(PROGRAM, "rev-parse", "HEAD")
    if not commit:
        return Code()
    changes = diff()
    return Code(commit, True, hashlib.sha256(changes.encode()).hexdigest()[:16]) if changes else Code(commit)


@functools.cache
def diff() -> str:
    """What differs from the commit, as a patch of at most `LONGEST` characters; empty where nothing does."""
    changes = _git(PROGRAM, "diff", "HEAD", "--", ".")  # of this program alone
    cut = f"\n[cut: {len(changes):,} characters in all]\n" if len(changes) > LONGEST else ""
    return changes[:LONGEST] + cut


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, timeout=10, check=False)
    except OSError:  # no git on this machine: an installed package has no commit to tell
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


def of(device: str) -> Provenance:
    """Commit, versions, machine and device of this process."""
    versions = {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in PACKAGES}}
    return Provenance(code(), tuple(sorted(versions.items())), hardware(device), platform.node())


def hardware(device: str) -> str:
    """What a device is called in records."""
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
