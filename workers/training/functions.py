"""The networks of a bundle as plain PyTorch functions of their parameters (`workers.interfaces.functions.Functions`).

M models, B examples, N training examples of a model, K input channels, H W height and width of an image, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from workers.interfaces.images import scaled
from workers.plugins import LOSSES, NETS
from workers.runtime import seeds
from workers.training.examples import Examples

if TYPE_CHECKING:
    from jaxtyping import Float, Float32, Int64
    from torch import Tensor

    from workers.interfaces.net import Tensors
    from workers.training.settings import Settings

CHUNK_BYTES = 16 * 2**20  # of images as floats, for all models together: what a gradient keeps is some times as large


class NetFunctions:
    """The functions of one bundle."""

    def __init__(self, settings: Sequence[Settings], examples: Examples) -> None:
        self.settings, self.examples = settings, examples
        self.net = NETS.load(settings[0].net.name)
        self.losses = LOSSES.load(settings[0].loss)

    def forward(
        self, parameters: Tensors, buffers: Tensors, images: Float[Tensor, "M B K H W"]
    ) -> Float[Tensor, "M B C"]:
        """See `Functions.forward`."""
        return self.net.forward(self.settings[0].net, parameters, buffers, images, False)

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
        import torch

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
) -> tuple[dict[str, Float32[Tensor, "M ..."]], dict[str, Float32[Tensor, "M ..."]]]:
    """Initial parameters and running statistics of a bundle, each model drawn from its own seed."""
    import torch

    net, images = bundle[0].net, examples.images
    module, image = NETS.load(net.name), images.train_x.shape[1:]
    models = [module.init(s.net, image, images.classes, seeds.torch_generator(s.seed, "init")) for s in bundle]
    parameters = {name: torch.stack([model[name] for model in models]) for name in models[0]}
    buffers = {
        name: torch.full((len(bundle), *shape), 1.0 if name.endswith("var") else 0.0)
        for name, shape in module.buffers(net).items()
    }
    return parameters, buffers
