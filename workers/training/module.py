"""The net of a trial as a torch module: built from the trial's seed; its outputs as a function of its weights.

B examples, K input channels, H W image height and width, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from tracking.common.errors import BadPlugin
from workers.plugins import NETS
from workers.runtime import seeds

if TYPE_CHECKING:
    from jaxtyping import Float, Shaped

    from workers.interfaces.net import Image, NetSettings

Tensors = Mapping[str, Tensor]  # of one model, by name


def built(net: NetSettings, image: Image, classes: int, seed: int) -> nn.Module:
    """The module with the initial weights of this seed, in training mode.

    Lazy layers take their sizes from a forward pass of two black images. Raises BadPlugin where `build` returns
    anything but a module.
    """
    file = NETS.load(net.name)
    with seeds.torch_seeded(seed, "init"):
        module = file.build(net, image, classes)
        if not isinstance(module, nn.Module):
            where = f"net '{net.name}' ({NETS.find(net.name).__file__})"
            raise BadPlugin(f"{where}: build returned {type(module).__name__}, expected a torch.nn.Module")
        if any(is_lazy(value) for value in (*module.parameters(), *module.buffers())):
            with torch.no_grad():
                module.eval()(torch.zeros(2, image[2], *image[:2]))
    return module.train()


def tensors(module: nn.Module) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Parameters and buffers by name; a tensor that stands at several places has the first of its names."""
    return dict(module.named_parameters()), dict(module.named_buffers())


def evaluated(
    module: nn.Module, parameters: Tensors, buffers: Tensors, images: Float[Tensor, "B K H W"]
) -> Float[Tensor, "B C"]:
    """Outputs in evaluation mode with these weights instead of the module's own; can be differentiated by them."""
    outputs: Tensor = torch.func.functional_call(module.eval(), (dict(parameters), dict(buffers)), (images,))
    return outputs


def numbers_as(value: Shaped[Tensor, "*_"], device: str | torch.device, dtype: torch.dtype) -> Shaped[Tensor, "*_"]:
    """A tensor on a device; of the precision asked for, where it is of floating point (a counter is not)."""
    return value.to(device, dtype) if value.is_floating_point() else value.to(device)
