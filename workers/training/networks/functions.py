"""The networks of a bundle as plain PyTorch functions of their parameters: `Functions` of `workers.interfaces`.

M models, B examples, N training examples of a model, K input channels, H W height and width of an image, C classes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from workers.interfaces.images import scaled
from workers.plugins import LOSSES
from workers.training.examples.selection import Examples
from workers.training.networks.module import built, evaluated, tensors

if TYPE_CHECKING:
    from jaxtyping import Float, Float32, Int64, Shaped

    from workers.interfaces.net import Tensors
    from workers.training.settings import Settings

CHUNK_BYTES = 16 * 2**20  # of images as floats, for all models together: what a gradient keeps is some times as large


class NetFunctions:
    """The functions of one bundle."""

    def __init__(self, settings: Sequence[Settings], examples: Examples) -> None:
        self.settings, self.examples = settings, examples
        self.losses = LOSSES.load(settings[0].loss)

    def forward(
        self, parameters: Tensors, buffers: Tensors, images: Float[Tensor, "M B K H W"]
    ) -> Float[Tensor, "M B C"]:
        """See `Functions.forward`."""
        return evaluated(self.settings[0].net, self._module, parameters, buffers, images)

    def module(self) -> nn.Module:
        """See `Functions.module`."""
        return self._module.eval()

    @functools.cached_property
    def _module(self) -> nn.Module:
        """In evaluation mode all models are this one, with other weights."""
        first, images = self.settings[0], self.examples.images
        return built(first.net, images.train_x.shape[1:], images.classes, first.seed)

    def loss(self, outputs: Float[Tensor, "M B C"], labels: Int64[Tensor, "M B"]) -> Float[Tensor, "M B"]:
        """See `Functions.loss`."""
        return self.losses.loss(outputs, labels)

    def size(self, split: str) -> int:
        """See `Functions.size`."""
        labels = self.examples.labels if split == "train" else self.examples.test_labels
        return int(labels.shape[1])

    def batches(
        self, split: str, models: Sequence[int], most: int, like: Tensor
    ) -> Iterator[tuple[Float[Tensor, "M B K H W"], Int64[Tensor, "M B"]]]:
        """See `Functions.batches`."""
        e, chosen = self.examples, list(models)
        pixels, index, labels = e.images.train_x, e.index[chosen, :most], e.labels[chosen, :most]
        if split == "test":
            pixels, labels = e.images.test_x, e.test_labels[chosen, :most]
            every = np.arange(len(pixels))[None].repeat(len(chosen), 0)
            index = (every if e.test_index is None else e.test_index[chosen])[:, :most]
        size = max(CHUNK_BYTES // (pixels[0].size * like.element_size() * len(chosen)), 1)
        for start in range(0, most, size):
            part = slice(start, start + size)
            images = torch.from_numpy(pixels[index[:, part]]).to(like.device)
            given = torch.tensor(labels[:, part], device=like.device)
            yield scaled(images, like.dtype, e.images.scaling).permute(0, 1, 4, 2, 3), given

    def initial(self) -> dict[str, Float[Tensor, "M ..."]]:
        """See `Functions.initial`."""
        return initial(self.settings, self.examples)[0]


def initial(
    bundle: Sequence[Settings], examples: Examples
) -> tuple[dict[str, Float32[Tensor, "M ..."]], dict[str, Shaped[Tensor, "M ..."]]]:
    """Initial parameters and buffers of a bundle, each model drawn from its own seed."""
    images = examples.images
    models = [tensors(built(s.net, images.train_x.shape[1:], images.classes, s.seed)) for s in bundle]
    parameters, buffers = ([model[part] for model in models] for part in (0, 1))
    return _stacked(parameters), _stacked(buffers)


def _stacked(models: Sequence[Tensors]) -> dict[str, Shaped[Tensor, "M ..."]]:
    return {name: torch.stack([model[name].detach() for model in models]) for name in models[0]}
