"""Identifies a process, so that another one can tell later whether it is still running."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Identifies this boot of this machine and the namespace of its process ids."""
    boot, space = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    return f"{boot.read_text().strip()} {os.readlink(space)}" if boot.exists() and space.exists() else platform.node()


def born(pid: int) -> str:
    """When a process began, in the system's units; "" when it has ended. Tells it from a later process with its id."""
    if Path("/proc/self/stat").exists():
        try:
            state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return "" if state in "ZX" else rest[18]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        return "of another user"
    return "running"
