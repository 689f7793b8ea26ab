"""Class-balanced nested subsets of the training examples, and noise on labels, both drawn from a trial's seed.

N examples, S examples of a subset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tracking.common.text import count_of
from workers.interfaces.dataset import NoiseTo
from workers.interfaces.images import Labels
from workers.runtime import seeds

if TYPE_CHECKING:
    from jaxtyping import Int64


def subset(labels: Int64[Labels, " N"], size: int | None, seed: int) -> Int64[NDArray[np.int64], " S"]:
    """Indices of a class-balanced training subset; for one seed the smaller subset is the head of the larger.

    Each class is shuffled, then the classes are dealt out in turn. Raises ValueError when `size` exceeds the data.
    """
    total = len(labels)
    if size is not None and size > total:
        raise ValueError(f"train_size must be at most the {count_of(total, 'training example')} there are, got {size}")
    rng = seeds.generator(seed, "subset")
    shuffled = rng.permutation(total)
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    counts = np.bincount(labels)
    turn = np.concatenate([np.arange(c) for c in counts])
    return by_class[np.argsort(turn, kind="stable")][:size]


def noisy(
    labels: Int64[Labels, " N"], fraction: float, to: NoiseTo, classes: int, seed: int, purpose: str = "labels"
) -> Int64[Labels, " N"]:
    """Labels of which a random `fraction` is redrawn uniformly: over all classes, so that a share 1/classes of those
    stays right, or over the other classes.

    Drawn for the whole training set, before any subset is taken: nested subsets share their labels.
    """
    if fraction == 0:
        return labels
    rng = seeds.generator(seed, purpose)
    chosen = rng.random(len(labels)) < fraction
    if to == "any":
        redrawn = rng.integers(0, classes, len(labels))
    else:
        redrawn = (labels + rng.integers(1, classes, len(labels))) % classes
    return np.where(chosen, redrawn, labels)
