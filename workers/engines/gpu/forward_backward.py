"""Forward and backward pass of M of the memo's networks, for any way of computing their convolutions.

Batch norm as in workers/nets/convnet.py.

M models, B examples, K image channels, H W height and width of a map, C channels of a layer, D features, O classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from workers.engines.gpu.layers import Route
from workers.engines.gpu.stacked_parameters import Names
from workers.nets.convnet import EPSILON, MOMENTUM, Settings

if TYPE_CHECKING:
    from jaxtyping import Float


class Tape(NamedTuple):
    """What the backward pass needs: every layer's input, and with batch norm its normalised sums and 1/std."""

    maps: list[Tensor]  # (M, B, H, W, C): the images, then the output of every convolution
    normal: list[tuple[Tensor, Tensor]]


def forward(net: Settings, route: Route, p: Names, b: Names, x: Float[Tensor, "M B H W K"]) -> Float[Tensor, "M B O"]:
    """The outputs for images x, in evaluation mode. Batch norm, there linear, is part of the convolution before it."""
    for i in range(1, net.depth + 1):
        weight, bias = p[f"conv{i}.weight"], p.get(f"conv{i}.bias")
        if net.batch_norm:
            inverse = (b[f"conv{i}.var"] + EPSILON).rsqrt()
            weight, bias = weight * inverse[:, :, None, None, None], -b[f"conv{i}.mean"] * inverse
        x = route.forward(x, weight, bias, True)
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
            count = x[0, ..., 0].numel()
            if count < 2:
                raise ValueError("batch norm needs two values a channel, got one example and a map of one pixel")
            x, normal, mean, var, inverse = route.normalise(x)
            seen = {"mean": mean, "var": var * (count / (count - 1))}
            statistics |= {f"conv{i}.{k}": b[f"conv{i}.{k}"].lerp(v, MOMENTUM) for k, v in seen.items()}
            tape.normal.append((normal, inverse))
        tape.maps.append(x)
    return _output(p, x), tape, statistics


def backward(net: Settings, route: Route, p: Names, tape: Tape, slope: Float[Tensor, "M B O"]) -> Names:
    """Gradients of the parameters by name, from that of the outputs. Empties the tape."""
    last = tape.maps.pop()
    features = _features(last)
    gradients = {"output.weight": slope.transpose(1, 2) @ features}
    if "output.bias" in p:
        gradients["output.bias"] = slope.sum(1)
    m, b, height, width, c = last.shape
    g = (slope @ p["output.weight"]).view(m, b, c, height, width).permute(0, 1, 3, 4, 2)
    g = torch.ops.aten.threshold_backward(g, last, 0)
    for i in range(net.depth, 0, -1):
        if net.batch_norm:
            g = route.normalise_backward(g, *tape.normal.pop())
        has_bias = f"conv{i}.bias" in p
        below, gradients[f"conv{i}.weight"], bias = route.backward(
            tape.maps.pop(), p[f"conv{i}.weight"], g, i > 1, has_bias
        )
        if bias is not None:
            gradients[f"conv{i}.bias"] = bias
        g = below if below is not None else g
    return {name: gradients[name] for name in p}


def _output(p: Names, x: Float[Tensor, "M B H W C"]) -> Float[Tensor, "M B O"]:
    weight = p["output.weight"].transpose(1, 2)
    if "output.bias" in p:
        return torch.baddbmm(p["output.bias"][:, None], _features(x), weight)
    return _features(x) @ weight


def _features(x: Float[Tensor, "M B H W C"]) -> Float[Tensor, "M B D"]:
    """The inputs of the output layer, in the order C, H, W of the output layer's weights."""
    return x.permute(0, 1, 4, 2, 3).flatten(2)
