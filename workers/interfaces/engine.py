"""The Protocol of engines, which train the models of a bundle.

M models, N training examples of a model, E examples of a split, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float64, Int64, Shaped
    from torch import Tensor

    State = dict[str, dict[str, Shaped[Tensor, "M ..."]]]  # "parameters", "momentum", "buffers": tensors by name


class Engine(Protocol):
    """Trains M models of one shape as one computation. Every implementation agrees with `reference` to tolerance."""

    def epoch(
        self,
        order: Int64[NDArray[np.int64], "M N"],
        active: Bool[NDArray[np.bool_], " M"],
        moves: Int64[NDArray[np.int64], "M N 3"] | None = None,
    ) -> None:
        """One pass over the training examples: `order` are positions in each model's own examples, cut into batches.

        Models that are not active stay exactly as they are. moves: how each example is augmented
        (`workers/training/augment.py`); None where none is."""

    def totals(self, split: str) -> tuple[Float64[Tensor, " M"], Float64[Tensor, " M"]]:
        """Mean error and mean loss over the whole split in evaluation mode, exact sums."""

    def outputs(self, split: str) -> tuple[Float[Tensor, "M E C"], Int64[Tensor, "M E"]]:
        """Outputs in evaluation mode, and labels."""

    def parameters(self) -> dict[str, Float[Tensor, "M ..."]]:
        """Parameters by name."""

    def state(self) -> State:
        """The whole training state: parameters, momentum and running statistics, as CPU tensors."""

    def load(self, state: State) -> None:
        """Restores what `state` returned, of this or of another engine."""
