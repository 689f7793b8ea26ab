"""What bundles run on: how many at a time, the memory of a GPU, and the device whose speeds are known."""

import os
from dataclasses import dataclass
from pathlib import Path

from workers.runtime import device
from workers.runtime.provenance import hardware

# Where the number of cores that a container may use is limited: a quota and a period in microseconds, or "max".
CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True)
class Resources:
    """lanes: bundles that run at a time. gpu_bytes: free memory of the smallest GPU, None where bundles run on
    processors. device: the name of a core or GPU, as in provenances."""

    lanes: int
    gpu_bytes: int | None
    device: str

    @property
    def on(self) -> str:
        """The kind of device that bundles run on: "cpu" or "cuda"."""
        return "cpu" if self.gpu_bytes is None else "cuda"


def this_machine(one_process: bool = False) -> Resources:
    """The resources of a launch on this machine: one bundle per GPU, or per core where there is none; a launch in
    `one_process`, without Ray, runs one bundle at a time. PyTorch is loaded only where there is a GPU."""
    if device.best() != "cuda":
        return Resources(1 if one_process else cores(), None, hardware("cpu"))
    return Resources(1 if one_process else device.gpus(), device.free_bytes(), hardware("cuda"))


def cores() -> int:
    """Processor cores that this process may use, at least 1: a container, or `taskset`, may allow fewer than there
    are."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not CPU_QUOTA.exists():
        return allowed
    quota, _, period = CPU_QUOTA.read_text().partition(" ")
    return allowed if quota == "max" else max(min(allowed, int(quota) // int(period)), 1)
