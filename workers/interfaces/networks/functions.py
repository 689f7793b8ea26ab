"""The Protocol of a bundle's networks as functions of their parameters, for measures that need more than outputs.

M models, B examples, K input channels, H W height and width of an image, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from torch import Tensor, nn

    from workers.interfaces.net import Tensors


class TrialSettings(Protocol):
    """The settings of one trial that measures may read."""

    @property
    def seed(self) -> int:
        """What random numbers of a measure are drawn from, by `workers.runtime.seeds`."""

    @property
    def loss(self) -> str:
        """The name of the loss that is minimised."""


class Functions(Protocol):
    """The networks of a bundle in plain PyTorch, differentiable, and their examples; the same for every engine."""

    @property
    def settings(self) -> Sequence[TrialSettings]:
        """Of each model."""

    def forward(
        self, parameters: Tensors, buffers: Tensors, images: Float[Tensor, "M B K H W"], /
    ) -> Float[Tensor, "M B C"]:
        """Outputs in evaluation mode, of as many models as there are parameters of."""

    def module(self) -> nn.Module:
        """A module of the net, in evaluation mode; its weights are those of some model."""

    def loss(self, outputs: Float[Tensor, "M B C"], labels: Int64[Tensor, "M B"], /) -> Float[Tensor, "M B"]:
        """The loss that is minimised, of every example."""

    def size(self, split: str, /) -> int:
        """The number of examples of each model in a split, "train" or "test"."""

    def batches(
        self, split: str, models: Sequence[int], most: int, like: Tensor, /
    ) -> Iterator[tuple[Float[Tensor, "M B K H W"], Int64[Tensor, "M B"]]]:
        """The first `most` examples of these models, in parts that fit into memory: images as the networks see them,
        and labels; on the device of `like`, images with its type."""

    def initial(self) -> dict[str, Float[Tensor, "M ..."]]:
        """The parameters that each model's seed draws, before any training; float32, on the CPU."""
