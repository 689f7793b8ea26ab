"""What trains a bundle: the interface that every engine has.

M models, N training examples of a model, T test examples, B examples of a batch, C classes.
"""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor


class Engine(Protocol):
    """Trains M models of one shape as one computation. Every implementation agrees with `reference` to tolerance."""

    def epoch(self, order: NDArray[np.int64], active: NDArray[np.bool_]) -> None:
        """One pass over the training examples: order (M, N) are positions in each model's own examples, cut into
        batches. Models that are not active stay exactly as they are."""

    def totals(self, split: str) -> "tuple[Tensor, Tensor]":
        """Mean error and mean loss over the whole split in evaluation mode: two (M,) float64 tensors, exact sums."""

    def outputs(self, split: str) -> "tuple[Tensor, Tensor]":
        """Outputs (M, N or T, C) in evaluation mode, and labels (M, N or T)."""

    def parameters(self) -> "dict[str, Tensor]":
        """Parameters by name, each (M, ...)."""

    def state(self) -> dict[str, Any]:
        """Everything needed to go on: parameters, momentum and running statistics, as CPU tensors."""

    def load(self, state: dict[str, Any]) -> None:
        """Takes over what `state` returned, here or in another engine."""
