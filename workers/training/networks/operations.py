"""Floating-point operations of a net, known without training: from its formula, or counted on its module; its size.

Only a net without a formula is built, and loads torch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workers.interfaces.net import Image, NetSettings
from workers.nets import convnet
from workers.plugins import batched

if TYPE_CHECKING:
    from torch import nn

EXAMPLES = 2  # of the batch that is counted: batch norm needs two
COPIES = 8  # of a model on a GPU: its tensors, what the optimizer keeps, gradients, temporaries
SHARE = 0.5  # of the free memory, for them; the rest is for activations
MOST_MODELS = 64
_numbers: dict[tuple[type[NetSettings], str, Image, int], int] = {}
_known: dict[tuple[type[NetSettings], str, Image, int], float] = {}


def visit_flops(net: NetSettings, image: Image, classes: int) -> float:
    """Floating-point operations of training one model on one image once, forward and backward.

    Raises BadPlugin where the net cannot be built or run.
    """
    formula = batched(net.name)
    if formula:
        return formula.visit_flops(net, image, classes)
    key = type(net), net.model_dump_json(), image, classes
    if key not in _known:
        _known[key] = _counted(net, image, classes)
    return _known[key]


def numbers(net: NetSettings, image: Image, classes: int) -> int:
    """Parameters and buffers of one model. Loads torch for nets that are built to be counted.

    Raises BadPlugin where the net cannot be built.
    """
    if isinstance(net, convnet.Convolutional):
        shapes = (*convnet.shapes(net, image, classes).values(), *convnet.buffers(net).values())
        return sum(math.prod(shape) for shape in shapes)
    key = type(net), net.model_dump_json(), image, classes
    if key not in _numbers:
        _numbers[key] = _built_numbers(net, image, classes)
    return _numbers[key]


def _built_numbers(net: NetSettings, image: Image, classes: int) -> int:
    import torch

    from workers.training.networks.module import built, tensors

    with torch.device("meta"):
        parameters, buffers = tensors(built(net, image, classes, 0))
    return sum(value.numel() for value in (*parameters.values(), *buffers.values()))


def most_models(net: NetSettings, image: Image, classes: int, number_bytes: int, free: int) -> int:
    """Models of which a bundle fits into `free` bytes of a GPU, at least 1 and at most MOST_MODELS.

    What they share, the activations of a pass, is bounded whatever their number.
    """
    whole = COPIES * numbers(net, image, classes) * number_bytes
    return int(min(max(SHARE * free // whole, 1), MOST_MODELS))


def _counted(net: NetSettings, image: Image, classes: int) -> float:
    """On tensors without numbers, which takes milliseconds; on real ones where the module looks at its numbers."""
    import torch

    from workers.plugins import NETS
    from workers.training.located import located
    from workers.training.networks.module import built

    try:
        with torch.device("meta"):
            return _of_passes(built(net, image, classes, 0), image, "meta")
    except Exception:  # whatever is wrong besides is raised by the same with real numbers
        with located(NETS, net.name):
            return _of_passes(built(net, image, classes, 0), image, "cpu")


def _of_passes(module: nn.Module, image: Image, device: str) -> float:
    """PyTorch's count of products of matrices and convolutions; where there are none, six for each parameter."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from workers.runtime import seeds

    images = torch.zeros(EXAMPLES, image[2], *image[:2], device=device)
    with seeds.torch_seeded(0, "count"), FlopCounterMode(display=False) as counter:
        module(images).sum().backward()
    return counter.get_total_flops() / EXAMPLES or 6.0 * sum(value.numel() for value in module.parameters())
