"""Forward and backward pass of M of the memo's networks, for any way of computing their convolutions.

Batch norm as in workers/nets/convnet.py; its gradient: dz = (g - mean(g) - x mean(g x)) / std, x the normalised sums
(Ioffe and Szegedy, arXiv:1502.03167, Section 3).

M models, B examples, K image channels, H W height and width of a map, C channels of a layer, D features, O classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch
from torch import Tensor

from workers.engines.gpu.stacked_parameters import Names
from workers.nets.convnet import EPSILON, MOMENTUM, Settings

if TYPE_CHECKING:
    from jaxtyping import Float

    # Of a convolution: I input and O output channels, P Q height and width of the output.
    Maps = Float[Tensor, "M B H W I"]
    Sums = Float[Tensor, "M B P Q O"]
    Weight = Float[Tensor, "M O I 3 3"]
    Bias = Float[Tensor, "M O"]


class Route(Protocol):
    """One way to compute convolutions: a file of workers/engines/gpu/convolutions."""

    def forward(self, x: Maps, weight: Weight, bias: Bias | None, relu: bool, /) -> Sums:
        """The outputs of a layer; see `workers.engines.gpu.convolutions`."""

    def backward(
        self, x: Maps, weight: Weight, slope: Sums, data: bool, bias: bool, /
    ) -> tuple[Maps | None, Weight, Bias | None]:
        """Gradients by the data (None unless asked for), the weights and the bias (None unless asked for)."""


class Tape(NamedTuple):
    """What the backward pass needs: every layer's input, and with batch norm its normalised sums and 1/std."""

    maps: list[Tensor]  # (M, B, H, W, C): the images, then the output of every convolution
    normal: list[tuple[Tensor, Tensor]]


def forward(net: Settings, route: Route, p: Names, b: Names, x: Float[Tensor, "M B H W K"]) -> Float[Tensor, "M B O"]:
    """The outputs for images x, in evaluation mode."""
    for i in range(1, net.depth + 1):
        x = route.forward(x, p[f"conv{i}.weight"], p.get(f"conv{i}.bias"), not net.batch_norm)
        if net.batch_norm:
            mean, var = b[f"conv{i}.mean"], b[f"conv{i}.var"]
            x = ((x - _spread(mean)) * _spread((var + EPSILON).rsqrt())).relu_()
    return _output(p, x)


def forward_training(
    net: Settings, route: Route, p: Names, b: Names, x: Float[Tensor, "M B H W K"]
) -> tuple[Float[Tensor, "M B O"], Tape, Names]:
    """The same in training mode: outputs, what the backward pass needs, and the updated running statistics."""
    tape = Tape([x], [])
    statistics: Names = {}
    for i in range(1, net.depth + 1):
        x = route.forward(x, p[f"conv{i}.weight"], p.get(f"conv{i}.bias"), not net.batch_norm)
        if net.batch_norm:
            var, mean = torch.var_mean(x, (1, 2, 3), correction=0)  # (M, C)
            count = x[0, ..., 0].numel()
            if count < 2:
                raise ValueError("batch norm needs two values a channel, got one example and a map of one pixel")
            seen = {"mean": mean, "var": var * (count / (count - 1))}
            statistics |= {f"conv{i}.{k}": b[f"conv{i}.{k}"].lerp(v, MOMENTUM) for k, v in seen.items()}
            inverse = _spread((var + EPSILON).rsqrt())
            x = (x - _spread(mean)).mul_(inverse)
            tape.normal.append((x, inverse))
            x = x.relu()
        tape.maps.append(x)
    return _output(p, x), tape, statistics


def backward(net: Settings, route: Route, p: Names, tape: Tape, slope: Float[Tensor, "M B O"]) -> Names:
    """Gradients of the parameters by name, from that of the outputs. Empties the tape."""
    last = tape.maps.pop()
    features = _features(last)
    gradients = {"output.weight": slope.transpose(1, 2) @ features, "output.bias": slope.sum(1)}
    m, b, height, width, c = last.shape
    g = (slope @ p["output.weight"]).view(m, b, c, height, width).permute(0, 1, 3, 4, 2)
    g = torch.ops.aten.threshold_backward(g, last, 0)
    for i in range(net.depth, 0, -1):
        if net.batch_norm:
            g = _through_norm(g, *tape.normal.pop())
        has_bias = f"conv{i}.bias" in p
        below, gradients[f"conv{i}.weight"], bias = route.backward(
            tape.maps.pop(), p[f"conv{i}.weight"], g, i > 1, has_bias
        )
        if bias is not None:
            gradients[f"conv{i}.bias"] = bias
        g = below if below is not None else g
    return {name: gradients[name] for name in p}


def _through_norm(
    g: Float[Tensor, "M B H W C"], normal: Float[Tensor, "M B H W C"], inverse: Float[Tensor, "M 1 1 1 C"]
) -> Float[Tensor, "M B H W C"]:
    """From the gradient by the normalised sums to that by the sums."""
    along = (g * normal).mean((1, 2, 3), keepdim=True)
    return (g - g.mean((1, 2, 3), keepdim=True)).sub_(normal * along).mul_(inverse)


def _output(p: Names, x: Float[Tensor, "M B H W C"]) -> Float[Tensor, "M B O"]:
    weight = p["output.weight"].transpose(1, 2)
    if "output.bias" in p:
        return torch.baddbmm(p["output.bias"][:, None], _features(x), weight)
    return _features(x) @ weight


def _features(x: Float[Tensor, "M B H W C"]) -> Float[Tensor, "M B D"]:
    """The inputs of the output layer, in the order C, H, W of the output layer's weights."""
    return x.permute(0, 1, 4, 2, 3).flatten(2)


def _spread(each: Float[Tensor, "M C"]) -> Float[Tensor, "M 1 1 1 C"]:
    """One number per model and channel, shaped for broadcasting over maps."""
    return each[:, None, None, None]
