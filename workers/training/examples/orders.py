"""The order in which each model visits its training examples in an epoch, drawn from its seed.

While an epoch is trained, a thread draws the orders of the next one: they take 0.7 ms for 50,000 examples of one model,
during which a GPU that has just been waited for would have nothing to do. numpy shuffles without Python's lock.

M models, N training examples of a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workers.runtime import seeds

if TYPE_CHECKING:
    from jaxtyping import Int64


class Orders:
    """Orders of the epochs of a bundle. Those of an epoch depend on the seeds and the epoch alone."""

    def __init__(self, drawn_from: Sequence[int], examples: int, shuffled: bool, last: int) -> None:
        """drawn_from: a seed for each model. shuffled: False where examples are always visited in ascending order.
        last: the last epoch."""
        self._seeds, self._examples, self._last = drawn_from, examples, last
        self._ascending = None if shuffled else np.tile(np.arange(examples), (len(drawn_from), 1))
        self._thread = ThreadPoolExecutor(1, "order")
        self._ahead: tuple[int, Future[NDArray[np.int64]]] | None = None  # the epoch that is drawn ahead

    def of(self, epoch: int) -> Int64[NDArray[np.int64], "M N"]:
        """The orders of an epoch; those of the next begin to be drawn."""
        if self._ascending is not None:
            return self._ascending
        drawn = self._ahead[1].result() if self._ahead and self._ahead[0] == epoch else self._drawn(epoch)
        following = epoch + 1
        self._ahead = (following, self._thread.submit(self._drawn, following)) if following <= self._last else None
        return drawn

    def _drawn(self, epoch: int) -> Int64[NDArray[np.int64], "M N"]:
        return np.stack([seeds.generator(s, "order", epoch).permutation(self._examples) for s in self._seeds])
