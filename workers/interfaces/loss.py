"""What a file of workers/losses must have."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class Loss(Protocol):
    """A loss that gradient descent minimises, and that is recorded as the risk."""

    def loss(self, outputs: "Tensor", labels: "Tensor", /) -> "Tensor":
        """The loss of every example (M, B), from outputs (M, B, C) and labels (M, B) int64."""
