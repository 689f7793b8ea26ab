"""A labelled image data set in memory, its class-balanced nested subsets and its random labels.

N training examples, T test examples, S examples of a subset, H W image height and width, K channels.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workers.runtime import seeds

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


def subset(labels: Int64[Labels, " N"], size: int | None, seed: int) -> Int64[NDArray[np.int64], " S"]:
    """Indices of a class-balanced training subset; for one seed the smaller subset is the head of the larger.

    Each class is shuffled, then the classes are dealt out in turn. Raises ValueError when `size` exceeds the data.
    """
    total = len(labels)
    if size is not None and size > total:
        raise ValueError(f"train_size must be at most the {total} training examples there are, got {size}")
    rng = seeds.generator(seed, "subset")
    shuffled = rng.permutation(total)
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    counts = np.bincount(labels)
    turn = np.concatenate([np.arange(c) for c in counts])
    return by_class[np.argsort(turn, kind="stable")][:size]


def noisy(labels: Int64[Labels, " N"], fraction: float, classes: int, seed: int) -> Int64[Labels, " N"]:
    """Labels of which a random `fraction` is redrawn uniformly over all classes (so a tenth of those stays right).

    Drawn for the whole training set, before any subset is taken: nested subsets share their labels.
    """
    if fraction == 0:
        return labels
    rng = seeds.generator(seed, "labels")
    chosen = rng.random(len(labels)) < fraction
    redrawn = rng.integers(0, classes, len(labels))
    return np.where(chosen, redrawn, labels)
