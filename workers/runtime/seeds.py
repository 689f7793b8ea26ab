"""Where every random number comes from: a generator made of a trial's seed and a purpose, nothing else.

A trial's randomness must not depend on its place in a bundle, on the order of calls, or on a resume. So there is no
generator state to keep: epoch 12's order is drawn from (seed, "order", 12), whoever asks, whenever.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def torch_seeded(seed: int, purpose: str, *more: int) -> Iterator[None]:
    """Inside, torch's own generators draw what belongs to this purpose; afterwards they are as they were before.

    For torch modules, whose initial weights and dropout take no generator. Dropout on a GPU draws other numbers than
    on a CPU.
    """
    import torch

    with torch.random.fork_rng([torch.cuda.current_device()] if torch.cuda.is_available() else []):
        torch.manual_seed(key(seed, purpose, *more))
        yield
