"""The reference engine: plain PyTorch, for any net, loss and device. The other engines are tested against it.

M models, N training examples of a model, E examples of a split, B of a batch, K input channels, H W image height and
width, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.interfaces.images import scaled
from workers.plugins import LOSSES, NETS
from workers.runtime import seeds
from workers.runtime.device import dtype_of
from workers.training.examples import Examples

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float32, Float64, Int64, Shaped

    from workers.interfaces.engine import State
    from workers.training.settings import Settings

CHUNK_BYTES = 256 * 2**20  # of images as floats, for all models together, in one forward pass


class Reference:
    """M models as tensors with a leading M.

    The losses of all models are summed: the gradient by a model's parameters is that of its own loss.
    """

    def __init__(self, bundle: list[Settings], examples: Examples, device: str) -> None:
        first = bundle[0]
        self.net, self.optimizer = first.net, first.optimizer
        self.forward = NETS.load(first.net.name).forward
        self.loss = LOSSES.load(first.loss).loss
        self.dtype = dtype_of(first.precision)
        self.device = torch.device(device)
        self.images = {"train": self._put(examples.images.train_x), "test": self._put(examples.images.test_x)}
        self.index, self.labels = self._put(examples.index), self._put(examples.labels)
        self.test_labels = self._put(examples.images.test_y)
        self.rate = self._each([s.optimizer.learning_rate for s in bundle])
        self.momentum = self._each([s.optimizer.momentum for s in bundle])
        self.p, self.buffers = initial(bundle, examples)
        self.v = {name: torch.zeros_like(value) for name, value in self.p.items()}
        self.load(self.state())

    def epoch(self, order: Int64[NDArray[np.int64], "M N"], active: Bool[NDArray[np.bool_], " M"]) -> None:
        """See `Engine.epoch`. A full batch is one step, its gradient summed over chunks."""
        places = self._put(order)
        moving = self._put(active)
        for batch in places.split(self.optimizer.batch(places.shape[1]), dim=1):
            self._step(batch, moving)

    def _step(self, batch: Int64[Tensor, "M B"], active: Bool[Tensor, " M"]) -> None:
        frozen = {name: value.clone() for name, value in self.buffers.items()}
        for value in self.p.values():
            value.requires_grad_(True).grad = None
        for chunk in batch.split(self._chunk(), dim=1) if not self.buffers else [batch]:
            images = self._images("train", self.index.gather(1, chunk))
            outputs = self.forward(self.net, self.p, self.buffers, images, True)
            self.loss(outputs, self.labels.gather(1, chunk)).sum().div(batch.shape[1]).backward()
        with torch.no_grad():
            for name, value in self.p.items():
                self._descend(value, self.v[name], active)
            for name, value in self.buffers.items():
                value.copy_(torch.where(_like(active, value), value, frozen[name]))

    def _descend(self, value: Float[Tensor, "M ..."], v: Float[Tensor, "M ..."], active: Bool[Tensor, " M"]) -> None:
        # torch.where, not a product with a mask: a frozen model's gradient may be NaN.
        assert value.grad is not None
        moved = v * _like(self.momentum, v) + value.grad
        v.copy_(torch.where(_like(active, v), moved, v))
        value.requires_grad_(False)
        value.copy_(torch.where(_like(active, v), value - _like(self.rate, v) * moved, value))

    @torch.no_grad()
    def totals(self, split: str) -> tuple[Float64[Tensor, " M"], Float64[Tensor, " M"]]:
        """See `Engine.totals`: outputs in the trial's precision, their loss in float64."""
        errors = torch.zeros(len(self.rate), dtype=torch.float64, device=self.device)
        losses, count = errors.clone(), 0
        for outputs, labels in self._evaluate(split):
            errors += wrong(outputs, labels).sum(1)
            losses += self.loss(outputs.double(), labels).sum(1)
            count += labels.shape[1]
        return errors / count, losses / count

    @torch.no_grad()
    def outputs(self, split: str) -> tuple[Float[Tensor, "M E C"], Int64[Tensor, "M E"]]:
        """See `Engine.outputs`."""
        parts = list(self._evaluate(split))
        return torch.cat([o for o, _ in parts], 1), torch.cat([y for _, y in parts], 1)

    def _evaluate(self, split: str) -> Iterator[tuple[Float[Tensor, "M B C"], Int64[Tensor, "M B"]]]:
        m = len(self.rate)
        total = self.index.shape[1] if split == "train" else len(self.test_labels)
        for places in torch.arange(total, device=self.device).split(self._chunk()):
            index = self.index[:, places] if split == "train" else places.expand(m, -1)
            labels = self.labels[:, places] if split == "train" else self.test_labels[places].expand(m, -1)
            yield self.forward(self.net, self.p, self.buffers, self._images(split, index), False), labels

    def parameters(self) -> dict[str, Float[Tensor, "M ..."]]:
        """See `Engine.parameters`."""
        return self.p

    def state(self) -> State:
        """See `Engine.state`."""
        parts = {"parameters": self.p, "momentum": self.v, "buffers": self.buffers}
        return {part: {name: t.detach().cpu().clone() for name, t in d.items()} for part, d in parts.items()}

    def load(self, state: State) -> None:
        """See `Engine.load`."""
        put = {part: {name: t.to(self.device, self.dtype) for name, t in d.items()} for part, d in state.items()}
        self.p, self.v, self.buffers = put["parameters"], put["momentum"], put["buffers"]

    def _images(self, split: str, index: Int64[Tensor, "M B"]) -> Float[Tensor, "M B K H W"]:
        """Images of a split as the nets see them."""
        return scaled(self.images[split][index], self.dtype).permute(0, 1, 4, 2, 3)

    def _chunk(self) -> int:
        """Examples of every model in one forward pass, so that full batches fit into memory."""
        image_bytes = int(self.images["train"][0].numel() * self.dtype.itemsize)
        return max(CHUNK_BYTES // (image_bytes * len(self.rate)), 1)

    def _put(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def _each(self, values: list[float]) -> Float[Tensor, " M"]:
        return torch.tensor(values, dtype=self.dtype, device=self.device)


def wrong(outputs: Float[Tensor, "M B C"], labels: Int64[Tensor, "M B"]) -> Bool[Tensor, "M B"]:
    """Whether the right class is not strictly above every other: a tie or a NaN is an error, too."""
    correct = outputs.gather(-1, labels[..., None])
    others = outputs.scatter(-1, labels[..., None], -torch.inf)
    return ~(correct[..., 0] > others.amax(-1))


def _like(each: Shaped[Tensor, " M"], value: Shaped[Tensor, "M ..."]) -> Shaped[Tensor, "M ..."]:
    """One number per model, shaped for broadcasting over a tensor of all models."""
    return each.view(-1, *[1] * (value.ndim - 1))


def initial(
    bundle: list[Settings], examples: Examples
) -> tuple[dict[str, Float32[Tensor, "M ..."]], dict[str, Float32[Tensor, "M ..."]]]:
    """Initial parameters and running statistics of a bundle, each model drawn from its own seed."""
    net, images = bundle[0].net, examples.images
    module, image = NETS.load(net.name), images.train_x.shape[1:]
    models = [module.init(s.net, image, images.classes, seeds.torch_generator(s.seed, "init")) for s in bundle]
    parameters = {name: torch.stack([model[name] for model in models]) for name in models[0]}
    buffers = {
        name: torch.full((len(bundle), *shape), 1.0 if name.endswith("var") else 0.0)
        for name, shape in module.buffers(net).items()
    }
    return parameters, buffers
