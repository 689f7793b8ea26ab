"""Types of the maps and weights of a layer of M models, and the Protocol of a way to compute it.

M models, B examples, H W height and width of a map, I input channels of a convolution, O output channels, P Q height
and width of its output, C channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Float

    Maps = Float[Tensor, "M B H W I"]
    Sums = Float[Tensor, "M B P Q O"]
    Weight = Float[Tensor, "M O I 3 3"]
    Bias = Float[Tensor, "M O"]
    EachChannel = Float[Tensor, "M O"]


class Normalised(NamedTuple):
    """Sums after batch norm, (M, B, P, Q, C), and each channel's statistics, (M, C)."""

    maps: Tensor  # after ReLU
    normal: Tensor  # before it
    mean: Tensor
    var: Tensor  # biased
    inverse: Tensor  # 1 / sqrt(var + EPSILON)


class Route(Protocol):
    """One way to compute a layer: a file of workers/engines/gpu/convolutions."""

    def forward(self, x: Maps, weight: Weight, bias: Bias | None, relu: bool, /) -> Sums:
        """The outputs of a convolution; see `workers.engines.gpu.convolutions`."""

    def backward(
        self, x: Maps, weight: Weight, slope: Sums, data: bool, bias: bool, /
    ) -> tuple[Maps | None, Weight, Bias | None]:
        """Gradients by the data (None unless asked for), the weights and the bias (None unless asked for)."""

    def normalise(self, sums: Sums, /) -> Normalised:
        """Batch norm and ReLU; see `workers.engines.gpu.batch_norm`."""

    def normalise_backward(self, slope: Sums, normal: Sums, inverse: EachChannel, /) -> Sums:
        """The gradient by the sums, from that by the normalised sums."""


def spread(each: Float[Tensor, "M C"]) -> Float[Tensor, "M 1 1 1 C"]:
    """One number per model and channel, shaped for broadcasting over maps."""
    return each[:, None, None, None]
