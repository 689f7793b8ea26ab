"""What a file of workers/nets must have: an architecture, for a whole batch of models at once.

M models, B examples, K input channels, H W image height and width, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from typing_extensions import TypeVar

from tracking.common.plugins import Frozen

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float, Float32
    from torch import Tensor

    Tensors = Mapping[str, Float[Tensor, "M ..."]]  # of M models, by name

Image = tuple[int, int, int]  # (H, W, K)
Shape = tuple[int, ...]


def layer_of(name: str) -> str:
    """The layer that a parameter belongs to: what stands before the last dot of its name, or all of it."""
    return name.rpartition(".")[0] or name


class NetSettings(Frozen):
    """What every net file's Settings have in common."""

    name: str

    @property
    def needs_batches(self) -> bool:
        """Whether training needs two examples in every batch, as batch norm does."""
        return False


NetT = TypeVar("NetT", bound=NetSettings, default=NetSettings)


class Net(Protocol[NetT]):
    """An architecture. Parameters and running statistics are tensors by name; those of M models have a leading M."""

    @property
    def Settings(self) -> type[NetT]:
        """The keys below `net` in a sweep file, with `name`, the name of the file."""

    def shapes(self, settings: NetT, image: Image, classes: int, /) -> dict[str, Shape]:
        """The shapes of one model's parameters by name; `layer_of` tells the layer."""

    def buffers(self, settings: NetT, /) -> dict[str, Shape]:
        """The shapes of one model's running statistics by name; those that end in "var" start at 1, the others at 0."""

    def visit_flops(self, settings: NetT, image: Image, classes: int, /) -> float:
        """Floating-point operations of training one model on one image once, forward and backward."""

    def init(
        self, settings: NetT, image: Image, classes: int, rng: torch.Generator, /
    ) -> dict[str, Float32[Tensor, "*_"]]:
        """Initial parameters of one model, float32, all randomness from `rng`."""

    def forward(
        self, settings: NetT, p: Tensors, b: Tensors, x: Float[Tensor, "M B K H W"], training: bool, /
    ) -> Float[Tensor, "M B C"]:
        """Outputs for images x, with parameters p and running statistics b of M models.

        While training, running statistics are moved in place.
        """
