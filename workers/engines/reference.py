"""The reference engine: plain PyTorch, for any net, loss and device. The other engines are tested against it.

M models, N training examples of a model, E examples of a split, B of a batch, K input channels, H W image height and
width, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.engines.device_data import Resident
from workers.plugins import LOSSES, batched
from workers.runtime.device import dtype_of
from workers.training.examples import Examples
from workers.training.functions import initial

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float64, Int64, Shaped

    from workers.interfaces.engine import State
    from workers.training.settings import Settings

# Of images as floats, for all models together, in one forward pass: activations of a few MiB stay in a core's caches,
# and evaluation is three times as fast as in passes of 256 MiB.
CHUNK_BYTES = 4 * 2**20


class Reference:
    """M models as tensors with a leading M.

    The losses of all models are summed: the gradient by a model's parameters is that of its own loss.
    """

    def __init__(self, bundle: list[Settings], examples: Examples, device: str) -> None:
        first = bundle[0]
        self.net, self.optimizer = first.net, first.optimizer
        net = batched(first.net.name)
        assert net, f"{first.net.name} computes one model at a time"
        self.forward = net.forward
        self.loss = LOSSES.load(first.loss).loss
        self.dtype = dtype_of(first.precision)
        self.device = torch.device(device)
        self.data = Resident.of(examples, device, self.dtype)
        self.moves: Int64[Tensor, "M N 3"] | None = None  # how examples are augmented in the present epoch
        self.rate = self._each([s.optimizer.learning_rate for s in bundle])
        self.momentum = self._each([s.optimizer.momentum for s in bundle])
        self.p, self.buffers = initial(bundle, examples)
        self.v = {name: torch.zeros_like(value) for name, value in self.p.items()}
        self.load(self.state())

    def epoch(
        self,
        order: Int64[NDArray[np.int64], "M N"],
        active: Bool[NDArray[np.bool_], " M"],
        moves: Int64[NDArray[np.int64], "M N 3"] | None = None,
    ) -> None:
        """See `Engine.epoch`. A full batch is one step, its gradient summed over chunks."""
        places = torch.from_numpy(order).to(self.device)
        still = None if active.all() else torch.from_numpy(~active).to(self.device)
        self.moves = None if moves is None else torch.from_numpy(moves).to(self.device)
        for batch in places.split(self.optimizer.batch(places.shape[1]), dim=1):
            self._step(batch, still)

    def _step(self, batch: Int64[Tensor, "M B"], still: Bool[Tensor, " M"] | None) -> None:
        """One step of all models but those that stand still; copies are made only where there are such models."""
        everything = [value for part in (self.p, self.v, self.buffers) for value in part.values()]
        before = [value.clone() for value in everything] if still is not None else []
        for value in self.p.values():
            value.requires_grad_(True).grad = None
        for chunk in batch.split(self._chunk(), dim=1) if not self.buffers else [batch]:
            images, labels = self._batch(chunk)
            outputs = self.forward(self.net, self.p, self.buffers, images, True)
            self.loss(outputs, labels).sum().div(batch.shape[1]).backward()
        with torch.no_grad():
            for name, value in self.p.items():
                self._descend(value.requires_grad_(False), self.v[name])
            if still is not None:
                for now, then in zip(everything, before, strict=True):
                    # torch.where, not a product with a mask: values of a diverged model may be NaN.
                    now.copy_(torch.where(_like(still, now), then, now))

    def _descend(self, value: Float[Tensor, "M ..."], v: Float[Tensor, "M ..."]) -> None:
        assert value.grad is not None
        v.mul_(_like(self.momentum, v)).add_(value.grad)
        value.addcmul_(_like(self.rate, v), v, value=-1)

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
        size, chunk = self.data.size(split), self._chunk()
        for start in range(0, size, chunk):
            images, labels = self.data.part(split, start, min(start + chunk, size))
            yield self.forward(self.net, self.p, self.buffers, _channels_first(images), False), labels

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

    def _batch(self, places: Int64[Tensor, "M B"]) -> tuple[Float[Tensor, "M B K H W"], Int64[Tensor, "M B"]]:
        images, labels = self.data.batch(places, self.moves)
        return _channels_first(images), labels

    def _chunk(self) -> int:
        """Examples of every model in one forward pass."""
        image_bytes = int(self.data.train_x[0].numel() * self.dtype.itemsize)
        return max(CHUNK_BYTES // (image_bytes * len(self.rate)), 1)

    def _each(self, values: list[float]) -> Float[Tensor, " M"]:
        return torch.tensor(values, dtype=self.dtype, device=self.device)


def _channels_first(images: Float[Tensor, "M B H W K"]) -> Float[Tensor, "M B K H W"]:
    return images.permute(0, 1, 4, 2, 3)


def wrong(outputs: Float[Tensor, "M B C"], labels: Int64[Tensor, "M B"]) -> Bool[Tensor, "M B"]:
    """Whether the right class is not strictly above every other: a tie or a NaN is an error, too."""
    correct = outputs.gather(-1, labels[..., None])
    others = outputs.scatter(-1, labels[..., None], -torch.inf)
    return ~(correct[..., 0] > others.amax(-1))


def _like(each: Shaped[Tensor, " M"], value: Shaped[Tensor, "M ..."]) -> Shaped[Tensor, "M ..."]:
    """One number per model, shaped for broadcasting over a tensor of all models."""
    return each.view(-1, *[1] * (value.ndim - 1))
