"""The memo's network: 3x3 convolutions with stride 2, no pooling, ReLU, one fully connected output.

CBMM Memo 90, Figures 1, 2 and 5. Five convolutions of 16 channels and the output make 9,898 parameters.
Batch norm, where asked for, has no scale and shift of its own (Memo 66), and replaces the convolution's bias.

M models, B examples, K input channels, H W height and width of an image or a map, O channels of a layer, C classes.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from workers.interfaces.net import NetSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from jaxtyping import Float, Float32
    from torch import Tensor, nn

    from workers.interfaces.net import Tensors

EPSILON, MOMENTUM = 1e-5, 0.1  # of batch norm, as in torch.nn.BatchNorm2d; in C++, parameters.hpp has them


class Convolutional(NetSettings):
    """What the memo's convolutional network and its variants have in common."""

    depth: int = Field(5, ge=1, le=8, description="Number of convolutions, each halving height and width.")
    width: int | tuple[int, ...] = Field(
        16, description="Channels of every convolution, or one number for each of them."
    )
    batch_norm: bool = Field(False, description="Batch norm without scale and shift after every convolution.")
    bias: Literal["none", "first", "all"] = Field(
        "all", description="Which layers have a bias: none and first keep the network homogeneous (memo 90, eq. 1)."
    )
    init: Literal["he", "default"] = Field(
        "he", description="he: normal, standard deviation sqrt(2/fan-in), output sqrt(1/fan-in); default: PyTorch's."
    )
    init_scale: float = Field(1.0, gt=0, description="Factor on the initial weights of every layer.")

    @model_validator(mode="after")
    def _widths_fit(self) -> Convolutional:
        widths = self.width if isinstance(self.width, tuple) else (self.width,)
        if min(widths, default=0) < 1:
            raise ValueError(f"width must be at least 1, got {self.width}")
        if isinstance(self.width, tuple) and len(self.width) != self.depth:
            raise ValueError(f"width must be one number or {self.depth} numbers (depth), got {len(self.width)}")
        return self

    @property
    def needs_batches(self) -> bool:
        return self.batch_norm

    @property
    def widths(self) -> tuple[int, ...]:
        return self.width if isinstance(self.width, tuple) else (self.width,) * self.depth

    def has_bias(self, layer: int) -> bool:
        """Whether convolution `layer` (from 1) has a bias; batch norm would cancel it."""
        return not self.batch_norm and (self.bias == "all" or (self.bias == "first" and layer == 1))


class Settings(Convolutional):
    """The memo's convolutional network."""

    name: Literal["convnet"] = "convnet"


def settings_of(net: NetSettings) -> Settings:
    """The same settings, known to be those of this network. Raises TypeError for another architecture."""
    if type(net) is not Settings:
        raise TypeError(f"expected the settings of convnet, got those of {net.name}")
    return net


def features(settings: Convolutional, image: tuple[int, int, int]) -> int:
    """Inputs of the output layer, for images (H, W, K)."""
    height, width, _ = image
    for _ in range(settings.depth):
        height, width = math.ceil(height / 2), math.ceil(width / 2)
    return settings.widths[-1] * height * width


def shapes(settings: Convolutional, image: tuple[int, int, int], classes: int) -> dict[str, tuple[int, ...]]:
    """The parameters of one model by name, for images (H, W, K)."""
    out: dict[str, tuple[int, ...]] = {}
    for i, (inputs, outputs) in enumerate(itertools.pairwise((image[2], *settings.widths)), start=1):
        out[f"conv{i}.weight"] = (outputs, inputs, 3, 3)
        if settings.has_bias(i):
            out[f"conv{i}.bias"] = (outputs,)
    out["output.weight"] = (classes, features(settings, image))
    if settings.bias == "all":
        out["output.bias"] = (classes,)
    return out


def buffers(settings: Convolutional) -> dict[str, tuple[int, ...]]:
    """What evaluation needs besides parameters: the running mean and variance of every batch norm."""
    if not settings.batch_norm:
        return {}
    names = (f"conv{i}.{what}" for i in range(1, settings.depth + 1) for what in ("mean", "var"))
    return dict(zip(names, ((w,) for w in settings.widths for _ in range(2)), strict=True))


def visit_flops(settings: Convolutional, image: tuple[int, int, int], classes: int) -> float:
    """Floating-point operations of one training visit of one image: forward, weight and data gradients."""
    side, inputs, total = max(image[:2]), image[2], 0.0
    for i, outputs in enumerate(settings.widths):
        side = math.ceil(side / 2)
        total += 2 * 9 * inputs * outputs * side**2 * (2 if i == 0 else 3)  # the image needs no gradient
        inputs = outputs
    return total + 6 * features(settings, image) * classes


def init(
    settings: Convolutional, image: tuple[int, int, int], classes: int, rng: torch.Generator
) -> dict[str, Float32[Tensor, "*_"]]:
    """Initial parameters of one model, float32; every layer draws from `rng` in turn."""
    import torch

    out = {}
    for name, shape in shapes(settings, image, classes).items():
        layer_shape = shape if name.endswith("weight") else shapes(settings, image, classes)[name[:-4] + "weight"]
        fan_in = math.prod(layer_shape[1:])
        if settings.init == "default":
            drawn = (torch.rand(shape, generator=rng) * 2 - 1) / math.sqrt(fan_in)
        elif name.endswith("bias"):
            drawn = torch.zeros(shape)
        else:
            gain = 1 if name == "output.weight" else 2
            drawn = torch.randn(shape, generator=rng) * math.sqrt(gain / fan_in)
        out[name] = drawn * settings.init_scale
    return out


def relu(z: Float[Tensor, "*_"]) -> Float[Tensor, "*_"]:
    """max(z, 0); NaN stays NaN."""
    return z.relu()


def build(
    settings: Convolutional, image: tuple[int, int, int], classes: int,
    activation: Callable[[Tensor], Tensor] = relu,
) -> nn.Module:  # fmt: skip
    """One model, its initial weights drawn by `init` from torch's own generator."""
    import torch

    from workers.layers.convolution import Convolution
    from workers.layers.undrawn_linear import undrawn_linear

    net, norm = torch.nn.Sequential(), (EPSILON, MOMENTUM) if settings.batch_norm else None
    for i, (inputs, outputs) in enumerate(itertools.pairwise((image[2], *settings.widths)), start=1):
        net.add_module(f"conv{i}", Convolution(inputs, outputs, settings.has_bias(i), norm, activation))
    net.add_module("flatten", torch.nn.Flatten())
    width, bias = features(settings, image), settings.bias == "all"
    net.add_module("output", undrawn_linear(width, classes, bias))
    net.load_state_dict({**net.state_dict(), **init(settings, image, classes, torch.default_generator)})
    return net


def forward(
    settings: Convolutional, p: Tensors, b: Tensors, x: Float[Tensor, "M B K H W"], training: bool,
    activation: Callable[[Tensor], Tensor] = relu,
) -> Float[Tensor, "M B C"]:  # fmt: skip
    """The outputs of all models at once.

    p are the parameters, each with a leading M; b the running statistics, moved in place while training. The M
    convolutions of a layer are one grouped convolution over M*O channels.
    """
    import torch.nn.functional as F

    m = x.shape[0]
    x = x.transpose(0, 1).flatten(1, 2)  # (B, M*K, H, W)
    for i in range(1, settings.depth + 1):
        weight, bias = p[f"conv{i}.weight"].flatten(0, 1), p.get(f"conv{i}.bias")
        x = F.conv2d(x, weight, None if bias is None else bias.flatten(), stride=2, padding=1, groups=m)
        if settings.batch_norm:
            mean, var = b[f"conv{i}.mean"].view(-1), b[f"conv{i}.var"].view(-1)
            x = F.batch_norm(x, mean, var, training=training, momentum=MOMENTUM, eps=EPSILON)
        x = activation(x)
    x = x.unflatten(1, (m, -1)).transpose(0, 1).flatten(2)  # (M, B, O*H*W)
    out = x @ p["output.weight"].transpose(1, 2)
    return out + p["output.bias"][:, None] if "output.bias" in p else out
