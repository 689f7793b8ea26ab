"""Where every random number comes from: a generator made of a trial's seed and a purpose, nothing else.

A trial's randomness must not depend on its place in a bundle, on the order of calls, or on a resume. So there is no
generator state to keep: epoch 12's order is drawn from (seed, "order", 12), whoever asks, whenever.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def key(seed: int, purpose: str, *more: int) -> int:
    """A 63-bit number that depends on all of the seed, the purpose and any counters (epoch, step)."""
    text = ":".join([str(seed), purpose, *map(str, more)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, purpose: str, *more: int) -> np.random.Generator:
    """A numpy generator for one purpose ("subset", "labels", "order", ...) of one trial."""
    return np.random.Generator(np.random.PCG64(key(seed, purpose, *more)))


def torch_generator(seed: int, purpose: str, *more: int) -> "torch.Generator":
    """The same for torch, on the CPU: the numbers drawn must not depend on the device that trains."""
    import torch

    return torch.Generator().manual_seed(key(seed, purpose, *more))
