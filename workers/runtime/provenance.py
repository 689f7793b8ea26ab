"""The provenance of records: code, versions, machine and device."""

import functools
import hashlib
import io
import os
import platform
import subprocess
import zipfile
from pathlib import Path

from tracking.common import program_sources, versions
from tracking.common.program_sources import PROGRAM
from tracking.records.provenance import Code, Provenance

PACKAGES = ("sweep", "torch", "numpy", "ray", "mlflow")
LARGEST, LARGEST_IN_ALL = 1_000_000, 10_000_000  # bytes of a changed file that is kept, and of all of them
GIT_S = 20.0  # for an answer of git
HERE = "workers/runtime/provenance.py"  # a file that only this program's own repository tracks at this place


@functools.cache
def code() -> Code:
    """This program: the commit of its own checkout and whether files differ from it, where it is one; the digest of
    its files in any case."""
    files = program_sources.digest(program_sources.sources(program_sources.COMPUTING, PROGRAM), PROGRAM)
    try:
        if not _is_checkout():
            return Code(files=files)
        changed = hashlib.sha256(kept).hexdigest()[:16] if (kept := _changes()) else ""
        return Code(_git("rev-parse", "HEAD").strip(), bool(changed), changed, files)
    except subprocess.TimeoutExpired:  # a busy machine or disk: what computes is known by its digest
        return Code(files=files)


@functools.cache
def changes() -> bytes:
    """The source files of this program that differ from its commit or are not in it, as a zip archive; empty where none
    does, and where git does not answer. Only source is kept: no file with settings or secrets that lies beside it.
    Files above `LARGEST` bytes, and what would exceed `LARGEST_IN_ALL`, are named in it without their content."""
    try:
        return _changes() if _is_checkout() else b""
    except subprocess.TimeoutExpired:
        return b""


def _changes() -> bytes:
    listed = _git("ls-files", "-z", "--modified", "--others", "--deleted", "--", *program_sources.PACKAGES).split("\0")
    names = sorted({name for name in listed if name.endswith(program_sources.SOURCES)})
    if not names:
        return b""
    out, left_out, total = io.BytesIO(), [], 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            path = PROGRAM / name
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            total += len(content)
            if len(content) > LARGEST or total > LARGEST_IN_ALL:
                left_out.append(f"{name}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")
            else:
                archive.writestr(zipfile.ZipInfo(name), content)
        if left_out:
            archive.writestr(zipfile.ZipInfo("LEFT_OUT.txt"), "\n".join(left_out))
    return out.getvalue()


def _is_checkout() -> bool:
    """Whether this program lies in its own repository. Where it is installed, what lies around it may be the checkout
    of something else, which does not track these files."""
    return bool(_git("ls-files", "--error-unmatch", "--", HERE))


def _git(*arguments: str) -> str:
    """What git says in the folder of this program; "" where there is no git or no checkout. The variables by which git
    is sent to another repository do not count, and nothing that a repository's settings name is run. Raises
    TimeoutExpired."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(command, cwd=PROGRAM, env=environment, capture_output=True, timeout=GIT_S, check=False)
    except OSError:  # no git on this machine: an installed package has no commit to tell
        return ""
    return os.fsdecode(done.stdout) if done.returncode == 0 else ""


def of(device: str) -> Provenance:
    """Commit, versions, machine and device of this process. A package that is not installed here has no version."""
    found = {"python": platform.python_version(), **versions.of(PACKAGES)}
    return Provenance(code(), tuple(sorted(found.items())), hardware(device), platform.node())


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
