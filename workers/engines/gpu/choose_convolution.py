"""Chooses the way of computing convolutions for a bundle on a device: by a table on a CPU, by measurement on a GPU.

The first bundle of a shape on a GPU is measured (autotune), and the result kept in the user's cache folder.
"""

import importlib.util
import os
import shutil
from typing import TYPE_CHECKING

from tracking.common.named_files.plugins import Kind
from workers.engines.gpu import autotune
from workers.engines.gpu.layers import Route
from workers.runtime.device import TF32X3

if TYPE_CHECKING:
    from workers.training.settings import Settings

ROUTES: Kind[Route] = Kind("convolution", "workers.engines.gpu.convolutions", Route, extensible=False)
BEST_FIRST = {
    # Triton reads and writes each map once; the others write windows out, or change the memory layout around every
    # layer, and small networks are bound by memory bandwidth.
    "cuda": ("triton", "unfolded", "grouped"),
    # Measured: 26,100 to 38,500 model-images/s at 16 channels against 5,600 to 12,000 with windows written out.
    "cpu": ("grouped", "unfolded"),
}


def usable(device: str, precision: str) -> list[str]:
    """The ways that work on this device at this precision, the expected best first. Raises ValueError without any."""
    found = [name for name in BEST_FIRST[device.split(":")[0]] if name != "triton" or _triton(device, precision)]
    if precision != TF32X3:
        return found
    if "triton" not in found:
        raise ValueError(
            f"precision tf32x3 needs Triton, a C compiler and a GPU of compute capability 8.0 or later, and {device} "
            "is without one of them; choose float32"
        )
    return ["triton"]  # PyTorch has no such products


def choose(settings: "Settings", image: tuple[int, int, int], models: int, examples: int, device: str) -> Route:
    """The fastest way for a bundle of so many models with so many training examples each."""
    found = {name: ROUTES.load(name) for name in usable(device, settings.precision)}
    if device == "cpu":
        return next(iter(found.values()))
    speeds = autotune.speeds(settings, image, models, examples, device, found)
    return found[max(speeds, key=lambda name: speeds[name])]


def _triton(device: str, precision: str) -> bool:
    """Whether the Triton kernels run here: float32 on compute capability 8.0 (A100) or later, and a C compiler."""
    import torch

    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")
    there = importlib.util.find_spec("triton") is not None and compiler is not None
    return there and precision != "float64" and torch.cuda.get_device_capability(device) >= (8, 0)
