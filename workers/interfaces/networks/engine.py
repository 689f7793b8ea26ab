"""The Protocol of engines, which train the models of a bundle.

M models, N training examples of a model, E examples of a split, C classes, S steps of an epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float64, Int64, Shaped
    from torch import Tensor

    # "parameters", "buffers", and what the optimizer keeps (`Optimizer.STATE`), such as "momentum": tensors by name
    State = dict[str, dict[str, Shaped[Tensor, "M ..."]]]


class Choice(NamedTuple):
    """An engine by its name, which is that of its class in lower case, and why it is the one."""

    engine: str
    reason: str


class Engine(Protocol):
    """Trains M models of one shape as one computation. Every implementation agrees with `reference` to tolerance."""

    def epoch(
        self,
        order: Int64[NDArray[np.int64], "M N"],
        active: Bool[NDArray[np.bool_], " M"],
        rates: Float64[NDArray[np.float64], "M S"],
        before: int,
        moves: Int64[NDArray[np.int64], "M N 3"] | None = None,
    ) -> None:
        """One pass over the training examples: `order` are positions in each model's own examples, cut into batches.

        rates: the learning rate of each model at each step. before: steps taken before this epoch. moves: how each
        example is augmented (`workers/training/examples/augment.py`); None where none is. Models that are not active
        stay exactly as they are."""

    def totals(self, split: str) -> tuple[Float64[Tensor, " M"], Float64[Tensor, " M"]]:
        """Mean error and mean loss over the whole split in evaluation mode, exact sums."""

    def outputs(self, split: str) -> tuple[Float[Tensor, "M E C"], Int64[Tensor, "M E"]]:
        """Outputs in evaluation mode, and labels."""

    def parameters(self) -> dict[str, Float[Tensor, "M ..."]]:
        """Parameters by name."""

    def state(self) -> State:
        """The whole training state: parameters, running statistics and what the optimizer keeps, as CPU tensors."""

    def load(self, state: State) -> None:
        """Restores what `state` returned, of this or of another engine."""
