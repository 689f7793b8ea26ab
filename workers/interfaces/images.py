"""A labelled image data set in memory, its class-balanced nested subsets and its random labels.

N training examples, T test examples, H W image height and width, K channels.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workers.runtime import seeds

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Bytes = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Images:
    """Images as bytes, channels last, resident: a float copy would be four times as large.

    train_x (N, H, W, K) and test_x (T, H, W, K) uint8; train_y (N,) and test_y (T,) int64 in [0, classes).
    `title` is what figures write ("CIFAR-10 (JPEG re-encoded)"); `digest` identifies the exact bytes.
    """

    train_x: Bytes
    train_y: Labels
    test_x: Bytes
    test_y: Labels
    classes: int
    title: str
    digest: str


def scaled(pixels: "Tensor", dtype: "torch.dtype") -> "Tensor":
    """What a network sees: bytes 0 .. 255 as numbers (x / 255 - 1/2) / (1/2) in [-1, 1], of the same shape.

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


def subset(labels: Labels, size: int | None, seed: int) -> NDArray[np.int64]:
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


def noisy(labels: Labels, fraction: float, classes: int, seed: int) -> Labels:
    """Labels of which a random `fraction` is redrawn uniformly over all classes (so a tenth of those stays right).

    Drawn for the whole training set, before any subset is taken: nested subsets share their labels.
    """
    if fraction == 0:
        return labels
    rng = seeds.generator(seed, "labels")
    chosen = rng.random(len(labels)) < fraction
    redrawn = rng.integers(0, classes, len(labels))
    return np.where(chosen, redrawn, labels)
