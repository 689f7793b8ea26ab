"""A labelled image data set in memory.

N training examples, T test examples, H W image height and width, K channels.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float, Int64, UInt8
    from torch import Tensor

Bytes = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Images:
    """Images as bytes, channels last, resident: a float copy would be four times as large.

    Labels are in [0, classes).
    `title` is what figures write ("CIFAR-10 (JPEG re-encoded)"); `digest` identifies the exact bytes.
    """

    train_x: UInt8[Bytes, "N H W K"]
    train_y: Int64[Labels, " N"]
    test_x: UInt8[Bytes, "T H W K"]
    test_y: Int64[Labels, " T"]
    classes: int
    title: str
    digest: str


def scaled(pixels: UInt8[Tensor, "*shape"], dtype: torch.dtype) -> Float[Tensor, "*shape"]:
    """What a network sees: bytes 0 .. 255 as numbers (x / 255 - 1/2) / (1/2) in [-1, 1].

    The kernels for CPUs scale bytes themselves (workers/engines/cpu/kernels/examples.hpp).
    """
    return pixels.to(dtype).div_(127.5).sub_(1)


def digest(*arrays: NDArray[np.generic]) -> str:
    """SHA-256 over shapes, types and bytes of the arrays, 16 hexadecimal digits."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype.str}{array.shape}".encode())
        total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()[:16]
