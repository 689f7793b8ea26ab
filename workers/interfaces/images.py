"""A labelled data set in memory, and what networks see of its images.

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
    from jaxtyping import Float, Int64, Shaped
    from torch import Tensor

Bytes = NDArray[np.uint8]
Pixels = NDArray[np.uint8 | np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Scaling:
    """What a network sees of a byte x: x / divide - subtract, with one pair of numbers for all channels, or K pairs."""

    divide: tuple[float, ...]
    subtract: tuple[float, ...]


HALF = Scaling((127.5,), (1.0,))  # (x / 255 - 1/2) / (1/2): from -1 to 1
AS_STORED = Scaling((1.0,), (0.0,))


@dataclass(frozen=True)
class Images:
    """Images as bytes, or as the float32 numbers that networks see; channels last.

    Bytes are converted batch by batch: a copy as floats would be four times as large. Vectors of K features are images
    of 1x1 pixel. Labels are in [0, classes).
    title: what figures write ("CIFAR-10 (JPEG re-encoded)"). digest: identifies the exact arrays as they were loaded.
    divided: None where test examples are fixed. Otherwise train and test are the same examples, and each seed draws
    so many of them to train on, and is tested on the others.
    """

    train_x: Shaped[Pixels, "N H W K"]
    train_y: Int64[Labels, " N"]
    test_x: Shaped[Pixels, "T H W K"]
    test_y: Int64[Labels, " T"]
    classes: int
    title: str
    digest: str
    scaling: Scaling = HALF  # of bytes
    divided: int | None = None


def scaled(pixels: Shaped[Tensor, "*shape K"], dtype: torch.dtype, scaling: Scaling) -> Float[Tensor, "*shape K"]:
    """What a network sees: bytes by `scaling`, floats as they are.

    The kernels for CPUs scale bytes by `HALF` themselves (workers/engines/cpu/kernels/examples.hpp).
    """
    if pixels.is_floating_point():
        return pixels.to(dtype)
    divide, subtract = (_numbers(n, pixels, dtype) for n in (scaling.divide, scaling.subtract))
    return pixels.to(dtype).div_(divide).sub_(subtract)


def _numbers(values: tuple[float, ...], like: Tensor, dtype: torch.dtype) -> Tensor | float:
    """One number for all channels stays a number: dividing by a tensor rounds differently on a GPU."""
    return values[0] if len(values) == 1 else like.new_tensor(values, dtype=dtype)


def digest(*arrays: NDArray[np.generic]) -> str:
    """SHA-256 over shapes, types and bytes of the arrays, 16 hexadecimal digits."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype.str}{array.shape}".encode())
        total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()[:16]
