"""Estimates the memory of a bundle on a GPU from its shapes, and hence the number of models that fit.

Per model: parameters, momentum and their temporaries, the indices of its examples, its outputs. Per example and
model: the maps of the forward pass, and for the largest layer the temporaries of the backward pass, windows written
out included, whether or not that way of computing convolutions is used. The estimate is an upper bound: tests compare
it with the memory that PyTorch reports.

M models, B examples of a batch, N training examples, H W image height and width, K channels.
"""

import itertools
import math
from typing import TYPE_CHECKING

from workers.interfaces.dataset import Sizes
from workers.nets import convnet
from workers.nets.convnet import settings_of

if TYPE_CHECKING:
    from workers.training.settings import Settings

MOST_MODELS = 256  # of 100 examples each fill any GPU there is; larger bundles lose more work with their worker
SHARE = 0.8  # of the memory that is free: the rest is for fragmentation, cuDNN and the driver
# An evaluation by windows reserves so many times what it holds at once, since PyTorch keeps blocks of all sizes:
# 1.7 on an H100. Training, which uses the blocks that it keeps, stayed below its estimate there.
RESERVED = 1.75
CHUNK_BYTES = 2 * 2**30  # of maps in memory at once, where more than CHUNK examples are computed together
CHUNK = 128  # examples of every model that are always trained at once: a batch of ordinary size is not split
# Of a model's parameters: values and what the optimizer keeps, in the bundle and in the reduced stack, each with a copy
# for models that have ended; gradients, temporaries.
COPIES = 14
INTEGER = 8  # bytes of a label or an index


def parameters(settings: "Settings", image: tuple[int, int, int], classes: int) -> int:
    """Numbers of one model: parameters and running statistics."""
    net = settings_of(settings.net)
    shapes = [*convnet.shapes(net, image, classes).values(), *convnet.buffers(net).values()]
    return sum(math.prod(shape) for shape in shapes)


def example_bytes(settings: "Settings", image: tuple[int, int, int], training: bool) -> int:
    """Memory of the activations of one example of one model."""
    maps, windows = _maps(settings, image)
    norms = 2 if settings_of(settings.net).batch_norm else 0
    around = [2 * x + (1 + norms) * y + 2 * w for (x, y), w in zip(itertools.pairwise(maps), windows, strict=True)]
    kept = sum(maps) + (sum(maps[1:]) if norms else 0) if training else maps[0]
    numbers = kept + maps[0] + max(around)
    return math.prod(image) + round(_number(settings) * numbers * (1 if training else RESERVED))


def chunk(settings: "Settings", image: tuple[int, int, int], models: int, training: bool) -> int:
    """Examples of every model that go through the nets at once."""
    return max(CHUNK_BYTES // (example_bytes(settings, image, training) * models), CHUNK if training else 1)


def step(settings: "Settings", image: tuple[int, int, int], models: int, examples: int) -> int:
    """Examples of every model at once in a training step on a batch of `examples`; batch norm needs the whole batch."""
    return examples if settings_of(settings.net).batch_norm else min(examples, chunk(settings, image, models, True))


def bundle_bytes(settings: "Settings", sizes: Sizes, models: int) -> int:
    """Memory of a bundle on the device."""
    examples, test, image, classes = sizes[:4]
    at_once = step(settings, image, models, settings.optimizer.batch(examples))
    maps = at_once * example_bytes(settings, image, True) + _evaluation(settings, image, models, examples + test)
    own = COPIES * _number(settings) * parameters(settings, image, classes) + 4 * INTEGER * examples
    outputs = 2 * max(examples, test) * classes * _number(settings)
    stored = (examples + test) * math.prod(image) * (1 if sizes.numbers == "uint8" else 4)
    copies = 1 if settings.data.inputs == "original" else models
    return copies * stored + models * (own + outputs + maps)


def most(settings: "Settings", sizes: Sizes, free: int) -> int:
    """Models of which a bundle fits into `free` bytes, at most MOST_MODELS; 1 where not even one is sure to fit."""
    fits = [m for m in range(1, MOST_MODELS + 1) if bundle_bytes(settings, sizes, m) <= SHARE * free]
    return max(fits, default=1)


def _evaluation(settings: "Settings", image: tuple[int, int, int], models: int, examples: int) -> int:
    return min(chunk(settings, image, models, False), examples) * example_bytes(settings, image, False)


def _maps(settings: "Settings", image: tuple[int, int, int]) -> tuple[list[int], list[int]]:
    """Numbers in the image and in each layer's map, and in the windows that each layer reads."""
    (height, width, channels), maps, windows = image, [math.prod(image)], []
    for outputs in settings_of(settings.net).widths:
        height, width = math.ceil(height / 2), math.ceil(width / 2)
        windows.append(9 * channels * height * width)
        maps.append(outputs * height * width)
        channels = outputs
    return maps, windows


def _number(settings: "Settings") -> int:
    """Bytes of a number."""
    return 8 if settings.precision == "float64" else 4
