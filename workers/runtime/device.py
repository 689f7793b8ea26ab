"""The device of this process and the precision of its arithmetic."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

TF32, TF32X3 = "tf32", "tf32x3"
DRIVERS = (Path("/dev/nvidiactl"), Path("/dev/nvidia0"), Path("/dev/dxg"))  # one is there where a GPU can be used
_prepared = {"precision": "float32"}  # as PyTorch's own switches: one for the whole process


def best() -> str:
    """ "cuda" where there is a GPU, else "cpu". PyTorch is loaded only where the driver of a GPU is."""
    if not any(driver.exists() for driver in DRIVERS):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def free_bytes() -> int | None:
    """Free memory of the GPU; None where there is no GPU."""
    import torch

    return int(torch.cuda.mem_get_info()[0]) if torch.cuda.is_available() else None


def gpus() -> int:
    """GPUs that this process may use."""
    import torch

    return int(torch.cuda.device_count())


def dtype_of(precision: str) -> "torch.dtype":
    """The type that numbers are stored as; tf32 is stored as float32 and rounds the factors of products to 10 bits."""
    import torch

    return torch.float64 if precision == "float64" else torch.float32


def prepare(device: str, precision: str) -> None:
    """Sets the precision of products in this process and makes cuDNN deterministic; by default cuDNN uses tf32.

    Raises ValueError where the device has no such precision.
    """
    import torch

    if precision in (TF32, TF32X3) and device == "cpu":
        raise ValueError(f"precision {precision} is for GPUs, and this trial runs on a CPU; choose float32 or float64")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == TF32
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    _prepared["precision"] = precision


def products() -> str:
    """How Triton's kernels multiply float32 numbers in this process, as `tl.dot` calls it: "ieee" as they are, "tf32"
    rounded, "tf32x3" as a rounded part and the rest, of which three products are added (Ootomo and Yokota 2022,
    arXiv:2203.03341, without their correction of the sum)."""
    precision = _prepared["precision"]
    return precision if precision in (TF32, TF32X3) else "ieee"
