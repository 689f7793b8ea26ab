"""The net of a trial as a torch module: built from the trial's seed; its outputs as a function of its weights.

M models, B examples, K input channels, H W image height and width, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from tracking.common.errors import BadPlugin
from workers.interfaces.net import layer_of
from workers.plugins import NETS, batched
from workers.runtime import seeds
from workers.training import located

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped

    from workers.interfaces.net import Image, NetSettings

Tensors = Mapping[str, Tensor]  # by name, of one model or of M


def built(net: NetSettings, image: Image, classes: int, seed: int) -> nn.Module:
    """The module with the initial weights of this seed, in training mode.

    Lazy layers take their sizes from a forward pass of two black images. Raises BadPlugin, with path and line, where
    the net's own code raises, and where `build` returns anything but a module.
    """
    build = NETS.load(net.name).build
    with seeds.torch_seeded(seed, "init"), located.located(NETS, net.name):
        module = build(net, image, classes)
        if not isinstance(module, nn.Module):
            raise refused(net, f"build returned {type(module).__name__}, expected a torch.nn.Module")
        if any(is_lazy(value) for value in (*module.parameters(), *module.buffers())):
            with torch.no_grad():
                module.eval()(torch.zeros(2, image[2], *image[:2]))
    return module.train()


def refused(net: NetSettings, why: str, module: nn.Module | None = None) -> BadPlugin:
    """The exception that says what is wrong with a net, at the `forward` of its module, or at `build` where that is not
    in the same file."""
    build = NETS.load(net.name).build
    functions = [build] if module is None else [type(module).forward, build]
    return located.refused(NETS, net.name, why, *functions)


def tensors(module: nn.Module) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Parameters and buffers by name; a tensor that stands at several places has the first of its names."""
    return dict(module.named_parameters()), dict(module.named_buffers())


def evaluated(
    net: NetSettings, module: nn.Module, p: Tensors, b: Tensors, images: Float[Tensor, "M B K H W"]
) -> Float[Tensor, "M B C"]:
    """Outputs in evaluation mode of M models with parameters p and buffers b, which can be differentiated by p.

    By the batched form of the net where it has one, else model by model.
    """
    together = batched(net.name)
    if together:
        return together.forward(net, p, b, images, False)
    return torch.stack([_one(module, _at(p, i), _at(b, i), x) for i, x in enumerate(images)])


def _one(module: nn.Module, p: Tensors, b: Tensors, images: Float[Tensor, "B K H W"]) -> Float[Tensor, "B C"]:
    outputs: Tensor = torch.func.functional_call(module.eval(), (dict(p), dict(b)), (images,))
    return outputs


def _at(stacked: Tensors, model: int) -> dict[str, Tensor]:
    """One model's tensors out of those of M models."""
    return {name: value[model] for name, value in stacked.items()}


def numbers_as(value: Shaped[Tensor, "*_"], device: str | torch.device, dtype: torch.dtype) -> Shaped[Tensor, "*_"]:
    """A tensor on a device; of the precision asked for, where it is of floating point (a counter is not)."""
    return value.to(device, dtype) if value.is_floating_point() else value.to(device)


def layers(net: NetSettings, image: Image, classes: int) -> tuple[str, ...]:
    """The layers that have parameters, in the module's order: of a module without numbers, where it can be built so.

    Raises BadPlugin where the net cannot be built.
    """
    try:
        with torch.device("meta"):
            module = built(net, image, classes, 0)
    except BadPlugin:
        module = built(net, image, classes, 0)
    return tuple(dict.fromkeys(layer_of(name) for name, _ in module.named_parameters()))
