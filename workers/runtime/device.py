"""The device of this process and the precision of its arithmetic."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def best() -> str:
    """ "cuda" where there is a GPU, else "cpu"."""
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

    if precision == "tf32" and device == "cpu":
        raise ValueError("precision tf32 is for GPUs, and this trial runs on a CPU; choose float32 or float64")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
