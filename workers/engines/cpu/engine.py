"""The engine for the memo's networks on a CPU: the compiled kernels as an `Engine`.

M models, N training examples of a model, E examples of a split, C classes, S steps of an epoch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.engines.cpu import bindings, supported
from workers.engines.cpu.pieces import Pieces
from workers.interfaces.images import HALF, Images, Pixels, scaled
from workers.interfaces.optimizer import OPTIMIZERS
from workers.runtime import lease_watch
from workers.training.examples.selection import Examples
from workers.training.networks.functions import initial

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float64, Int64

    from workers.interfaces.networks.engine import State
    from workers.training.settings import Settings


class Fused:
    """M convolutional networks, one after the other, each with its activations in the processor's caches."""

    def __init__(self, bundle: list[Settings], examples: Examples) -> None:
        net = supported.network(bundle[0], examples.sizes())
        parameters, buffers = initial(bundle, examples)
        self.optimizers = [s.optimizer for s in bundle]
        keeps = OPTIMIZERS.load(bundle[0].optimizer.name).STATE
        self.kernels = bindings.Fused(net, {"parameters": parameters, "buffers": buffers}, keeps=keeps)
        self.examples = examples if _as_stored(examples) else replace(examples, images=_as_floats(examples.images))
        self.batch = bundle[0].optimizer.batch(examples.index.shape[1])
        self.pieces = Pieces()

    def epoch(
        self,
        order: Int64[NDArray[np.int64], "M N"],
        active: Bool[NDArray[np.bool_], " M"],
        rates: Float64[NDArray[np.float64], "M S"],
        before: int,
        moves: Int64[NDArray[np.int64], "M N 3"] | None = None,
    ) -> None:
        """See `Engine.epoch`. `supported.why_not` refuses augmentation, so that there are no moves."""
        e = self.examples
        for first, end in self.pieces.of(rates.shape[1]):
            lease_watch.look()
            some = order[:, first * self.batch : end * self.batch]
            updates = [supported.update(optimizer, before + first) for optimizer in self.optimizers]
            steps = (e.images.train_x, e.index, e.labels, some, self.batch)
            self.kernels.epoch(*steps, rates[:, first:end], updates, active.tolist())

    def totals(self, split: str) -> tuple[Float64[Tensor, " M"], Float64[Tensor, " M"]]:
        """See `Engine.totals`."""
        images, index, labels = self._split(split)
        errors, losses = self.kernels.totals(images, index, labels)
        count = labels.shape[-1]
        return torch.from_numpy(errors / count), torch.from_numpy(losses / count)

    def outputs(self, split: str) -> tuple[Float[Tensor, "M E C"], Int64[Tensor, "M E"]]:
        """See `Engine.outputs`."""
        images, index, labels = self._split(split)
        out = self.kernels.outputs(images, index)
        return out, torch.from_numpy(np.broadcast_to(labels, out.shape[:2]).copy())

    def _split(
        self, split: str
    ) -> tuple[Pixels, Int64[NDArray[np.int64], "M E"] | None, Int64[NDArray[np.int64], "M E"]]:
        """Images, which of them are each model's examples (None: all in turn), and labels."""
        e = self.examples
        train, test = (e.images.train_x, e.index, e.labels), (e.images.test_x, e.test_index, e.test_labels)
        return train if split == "train" else test

    def parameters(self) -> dict[str, Float[Tensor, "M ..."]]:
        """See `Engine.parameters`."""
        return self.kernels.parameters

    def state(self) -> State:
        """See `Engine.state`."""
        return self.kernels.state()

    def load(self, state: State) -> None:
        """See `Engine.load`."""
        self.kernels.load(state)


def _as_stored(examples: Examples) -> bool:
    """Whether the kernels read the images as they are: floats, or bytes that are scaled by HALF."""
    return examples.images.train_x.dtype == np.float32 or examples.images.scaling == HALF


def _as_floats(images: Images) -> Images:
    train, test = (
        scaled(torch.from_numpy(x), torch.float32, images.scaling).numpy() for x in (images.train_x, images.test_x)
    )
    return replace(images, train_x=train, test_x=test)
