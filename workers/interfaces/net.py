"""What a file of workers/nets must have: settings, and the network as a torch module.

M models, B examples, K input channels, H W image height and width, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from typing_extensions import TypeVar

from tracking.common.named_files.plugins import Frozen

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped
    from torch import Tensor, nn

    Tensors = Mapping[str, Shaped[Tensor, "M ..."]]  # of M models, by name

Image = tuple[int, int, int]  # (H, W, K)


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
    """An architecture: what all files of nets have, and all that a file of one's own needs."""

    @property
    def Settings(self) -> type[NetT]:
        """The keys below `net` in a sweep file, with `name`, the name of the file."""

    def build(self, settings: NetT, image: Image, classes: int, /) -> nn.Module:
        """One model: a module from images (B, K, H, W) to outputs (B, C), with its initial weights.

        Weights, and dropout in training, are drawn from torch's own generator, which each trial seeds before. What
        changes while training must be a parameter or a buffer: nothing else is kept between epochs. A setting
        `init_scale`, in which the models of a bundle may differ, may change initial weights only.
        """


class BatchedNet(Net[NetT], Protocol[NetT]):
    """A net that can also compute the outputs of M models at once, and that knows its cost without being built.

    Parameters and buffers have the names of the module's; those of M models have a leading M.
    """

    def visit_flops(self, settings: NetT, image: Image, classes: int, /) -> float:
        """Floating-point operations of training one model on one image once, forward and backward."""

    def forward(
        self, settings: NetT, p: Tensors, b: Tensors, x: Float[Tensor, "M B K H W"], training: bool, /
    ) -> Float[Tensor, "M B C"]:
        """Outputs for images x, with parameters p and buffers b of M models.

        While training, running statistics are moved in place.
        """
