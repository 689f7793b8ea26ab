"""A module as a function of M models at once, by `torch.func.vmap` over their stacked tensors.

M models, B examples, K input channels, H W image height and width, C classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from workers.interfaces.net import Image, NetSettings
from workers.runtime import seeds
from workers.training.networks.module import built, tensors

if TYPE_CHECKING:
    from jaxtyping import Float

    from workers.interfaces.net import Tensors

    Forward = Callable[[NetSettings, Tensors, Tensors, Float[Tensor, "M B K H W"], bool], Float[Tensor, "M B C"]]


def stacked(module: nn.Module) -> Forward:
    """`BatchedNet.forward` of a module. The outputs can be differentiated by the parameters."""

    def one(p: Tensors, b: Tensors, x: Float[Tensor, "B K H W"]) -> Float[Tensor, "B C"]:
        outputs: Tensor = torch.func.functional_call(module, (dict(p), dict(b)), (x,))
        return outputs

    together = torch.func.vmap(one)  # randomness is an error: a model's numbers would depend on its bundle

    def forward(
        net: NetSettings, p: Tensors, b: Tensors, x: Float[Tensor, "M B K H W"], training: bool
    ) -> Float[Tensor, "M B C"]:
        module.train(training)
        return together(p, b, x)

    return forward


def why_not_stacked(net: NetSettings, image: Image, classes: int) -> str:
    """Why the module of a net cannot be trained so; "" where it can. Found by a forward pass of two models."""
    module = built(net, image, classes, 0)
    parameters, buffers = tensors(module)
    if buffers:
        return f"{net.name} has buffers, such as those of batch norm, which a forward pass changes"
    if not all(value.requires_grad for value in parameters.values()):
        return f"{net.name} has parameters that are not trained"
    two = {name: torch.stack([value.detach()] * 2) for name, value in parameters.items()}
    try:
        with seeds.torch_seeded(0, "stacked"), torch.no_grad():
            stacked(module)(net, two, {}, torch.zeros(2, 2, image[2], *image[:2]), True)
    except Exception as error:  # whatever vmap cannot do; in turn the module may well train
        return f"torch.func.vmap cannot stack {net.name}: {str(error).partition('. ')[0]}"
    return ""
