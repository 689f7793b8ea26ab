"""The device this process trains on, and how exactly it computes."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def best() -> str:
    """ "cuda" where there is a GPU, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def free_bytes() -> int | None:
    """Memory of the GPU that nobody uses; None where there is no GPU."""
    import torch

    return int(torch.cuda.mem_get_info()[0]) if torch.cuda.is_available() else None


def gpus() -> int:
    """GPUs that this process may use."""
    import torch

    return int(torch.cuda.device_count())


def dtype_of(precision: str) -> "torch.dtype":
    """What numbers are kept as: tf32 is float32 whose products are rounded to 10 bits before they are added."""
    import torch

    return torch.float64 if precision == "float64" else torch.float32


def prepare(device: str, precision: str) -> None:
    """Makes products of this process as exact as asked for, and the same every time: cuDNN rounds unless told not to.

    Raises ValueError where the device has no such precision.
    """
    import torch

    if precision == "tf32" and device == "cpu":
        raise ValueError("precision tf32 is for GPUs, and this trial runs on a CPU; choose float32 or float64")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
