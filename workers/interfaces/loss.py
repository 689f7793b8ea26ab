"""What a file of workers/losses must have.

M models, B examples, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from torch import Tensor


class Loss(Protocol):
    """A loss that gradient descent minimises, and that is recorded as the risk."""

    def loss(self, outputs: Float[Tensor, "M B C"], labels: Int64[Tensor, "M B"], /) -> Float[Tensor, "M B"]:
        """The loss of every example."""
