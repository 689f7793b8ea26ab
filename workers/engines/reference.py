"""The reference engine: plain PyTorch, for any loss and device. The other engines are tested against it.

Nets that compute many models at once, and modules of which `torch.func.vmap` makes such a function.

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
from workers.interfaces.optimizer import OPTIMIZERS, numbers_of
from workers.plugins import LOSSES, batched
from workers.runtime import lease_watch
from workers.runtime.device import dtype_of
from workers.training.examples.selection import Examples
from workers.training.networks.functions import initial
from workers.training.networks.module import built
from workers.training.networks.stacked import stacked
from workers.training.step_noise import StepNoise

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float64, Int64

    from workers.interfaces.networks.engine import State
    from workers.training.settings import Settings

# Of images as floats, for all models together, in one forward pass: activations of a few MiB stay in a core's caches,
# and evaluation is three times as fast as in passes of 256 MiB.
CHUNK_BYTES = 4 * 2**20
GPU_CHUNK_BYTES = 128 * 2**20  # on a GPU, which larger passes fill


class Reference:
    """M models as tensors with a leading M.

    The losses of all models are summed: the gradient by a model's parameters is that of its own loss.
    """

    def __init__(self, bundle: list[Settings], examples: Examples, device: str) -> None:
        first = bundle[0]
        self.net, self.optimizer = first.net, first.optimizer
        net, images = batched(first.net.name), examples.images
        if net:
            self.forward = net.forward
        else:
            module = built(first.net, images.train_x.shape[1:], images.classes, first.seed)
            self.forward = stacked(module.to(device, dtype_of(first.precision)))
        self.loss = LOSSES.load(first.loss).loss
        self.dtype = dtype_of(first.precision)
        self.device = torch.device(device)
        self.data = Resident.of(examples, device, self.dtype)
        self.moves: Int64[Tensor, "M N 3"] | None = None  # how examples are augmented in the present epoch
        self.update = OPTIMIZERS.load(first.optimizer.name)
        self.numbers = numbers_of([s.optimizer for s in bundle], self.dtype, self.device)
        self.noise = StepNoise(bundle)
        self.models = len(bundle)
        self.p, self.buffers = initial(bundle, examples)
        self.kept = {part: {n: torch.zeros_like(v) for n, v in self.p.items()} for part in self.update.STATE}
        self.load(self.state())

    def epoch(
        self,
        order: Int64[NDArray[np.int64], "M N"],
        active: Bool[NDArray[np.bool_], " M"],
        rates: Float64[NDArray[np.float64], "M S"],
        before: int,
        moves: Int64[NDArray[np.int64], "M N 3"] | None = None,
    ) -> None:
        """See `Engine.epoch`. A full batch is one step, its gradient summed over chunks."""
        places = torch.from_numpy(order).to(self.device)
        each = torch.from_numpy(rates).to(self.device, self.dtype)
        self.moves = None if moves is None else torch.from_numpy(moves).to(self.device)
        ended = None if active.all() else torch.from_numpy(np.flatnonzero(~active)).to(self.device)
        for i, batch in enumerate(places.split(self.optimizer.batch(places.shape[1]), dim=1)):
            before_step = [] if ended is None else [(value, value[ended]) for value in self._everything()]
            lease_watch.look()
            self._step(batch, each[:, i], before + i + 1)
            for value, rows in before_step:
                value[ended] = rows

    def _everything(self) -> list[Float[Tensor, "M ..."]]:
        return [value for part in self._parts().values() for value in part.values()]

    def _step(self, batch: Int64[Tensor, "M B"], rate: Float[Tensor, " M"], t: int) -> None:
        """One step of all models, number t from 1."""
        for value in self.p.values():
            value.requires_grad_(True).grad = None
        for chunk in batch.split(self._chunk(), dim=1) if not self.buffers else [batch]:
            images, labels = self._batch(chunk)
            outputs = self.forward(self.net, self.p, self.buffers, images, True)
            self.loss(outputs, labels).sum().div(batch.shape[1]).backward()
        gradient = {name: value.grad for name, value in self.p.items() if value.grad is not None}
        moving = {name: self.p[name].requires_grad_(False) for name in gradient}
        number = torch.tensor(t, dtype=torch.float64, device=self.device)
        state = {**self.kept, **self.noise.of(self.p, t)}
        self.update.step(self.numbers, moving, gradient, state, rate, number)

    @torch.no_grad()
    def totals(self, split: str) -> tuple[Float64[Tensor, " M"], Float64[Tensor, " M"]]:
        """See `Engine.totals`: outputs in the trial's precision, their loss in float64."""
        errors = torch.zeros(self.models, dtype=torch.float64, device=self.device)
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
            images, labels = self.data.part(split, slice(start, min(start + chunk, size)))
            yield self.forward(self.net, self.p, self.buffers, _channels_first(images), False), labels

    def parameters(self) -> dict[str, Float[Tensor, "M ..."]]:
        """See `Engine.parameters`."""
        return self.p

    def state(self) -> State:
        """See `Engine.state`."""
        return {part: {name: t.detach().cpu().clone() for name, t in d.items()} for part, d in self._parts().items()}

    def load(self, state: State) -> None:
        """See `Engine.load`."""
        put = {part: {name: t.to(self.device, self.dtype) for name, t in d.items()} for part, d in state.items()}
        self.p, self.buffers = put["parameters"], put["buffers"]
        self.kept = {part: put[part] for part in self.update.STATE}

    def _parts(self) -> State:
        return {"parameters": self.p, **self.kept, "buffers": self.buffers}

    def _batch(self, places: Int64[Tensor, "M B"]) -> tuple[Float[Tensor, "M B K H W"], Int64[Tensor, "M B"]]:
        images, labels = self.data.batch(places, self.moves)
        return _channels_first(images), labels

    def _chunk(self) -> int:
        """Examples of every model in one forward pass."""
        image_bytes = int(self.data.train_x[0].numel() * self.dtype.itemsize)
        most = CHUNK_BYTES if self.device.type == "cpu" else GPU_CHUNK_BYTES
        return max(most // (image_bytes * self.models), 1)


def _channels_first(images: Float[Tensor, "M B H W K"]) -> Float[Tensor, "M B K H W"]:
    return images.permute(0, 1, 4, 2, 3)


def wrong(outputs: Float[Tensor, "M B C"], labels: Int64[Tensor, "M B"]) -> Bool[Tensor, "M B"]:
    """Whether the right class is not strictly above every other: a tie or a NaN is an error, too."""
    correct = outputs.gather(-1, labels[..., None])
    others = outputs.scatter(-1, labels[..., None], -torch.inf)
    return ~(correct[..., 0] > others.amax(-1))
