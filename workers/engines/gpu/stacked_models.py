"""M of the memo's networks as one computation: batches are queued one after the other without waiting for the device.

The order and the learning rates of an epoch are uploaded once; counters on the device say where the next batch begins
and which step it is, so that every step is the same work and can be replayed.

M models, N training examples of a model, E examples of a split, L of an epoch, B of a batch, O classes, P parameters,
Q running statistics, S steps of an epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.engines.device_data import Resident
from workers.engines.gpu import forward_backward
from workers.engines.gpu.cuda_graphs import STEPS, Replay
from workers.engines.gpu.stacked_parameters import Weights
from workers.engines.reference import wrong
from workers.interfaces.optimizer import OPTIMIZERS, numbers_of
from workers.nets.convnet import settings_of
from workers.plugins import LOSSES

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float64, Int64, Shaped

    from workers.training.settings import Settings


class Stack:
    """Models that all take part in every step; `weights` are changed in place."""

    def __init__(
        self,
        bundle: list[Settings],
        data: Resident,
        weights: Weights,
        route: forward_backward.Route,
        chunk: tuple[int, int],
    ) -> None:
        """chunk: examples of every model that go through the nets at once, in training and in evaluation."""
        first = bundle[0]
        self.net, self.optimizer = settings_of(first.net), first.optimizer
        self.data, self.weights, self.route = data, weights, route
        self.loss = LOSSES.load(first.loss).loss
        self.chunk = chunk
        device = data.index.device
        self.update = OPTIMIZERS.load(first.optimizer.name)
        self.numbers = numbers_of([s.optimizer for s in bundle], data.dtype, device)
        self.models, self.all_active = len(bundle), True
        self.active = torch.ones(len(bundle), 1, dtype=torch.bool, device=device)
        self.order = data.index[:, :0]  # (M, the most examples that an epoch had)
        self.rates = torch.zeros(len(bundle), 0, dtype=data.dtype, device=device)  # (M, the most steps)
        self.start, self.step = (torch.zeros(1, dtype=torch.int64, device=device) for _ in range(2))
        self.before = torch.zeros((), dtype=torch.float64, device=device)  # steps taken before the epoch
        self.replay = Replay(str(device))

    def epoch(
        self,
        order: Int64[NDArray[np.int64], "M N"],
        active: Bool[NDArray[np.bool_], " M"],
        rates: Float64[NDArray[np.float64], "M S"],
        before: int,
    ) -> None:
        """See `Engine.epoch`; returns before the device is done."""
        self.upload(order, active, rates, before)
        self.queue_epoch(order.shape[1])

    def queue_epoch(self, examples: int) -> None:
        """Queues the steps of an epoch of so many examples a model on the device, from `start` on."""
        size = self.optimizer.batch(examples)
        whole, rest = divmod(examples, size)
        many, single = divmod(whole, STEPS)
        for count, repeats in ((STEPS, many), (1, single)):
            for _ in range(repeats):
                self._replay(size, count)
        if rest:
            self._replay(rest, 1)

    def _replay(self, size: int, count: int) -> None:
        self.replay.run((size, count, self.all_active), lambda: self.queue_steps(size, count))

    def upload(
        self,
        order: Int64[NDArray[np.int64], "M L"],
        active: Bool[NDArray[np.bool_], " M"],
        rates: Float64[NDArray[np.float64], "M S"],
        before: int,
    ) -> None:
        """Copies an epoch's order, mask and rates to the device, and sets its counters."""
        self.order, self.rates = self._uploaded(self.order, order), self._uploaded(self.rates, rates)
        self.active.copy_(torch.from_numpy(active)[:, None])
        self.all_active = bool(active.all())
        self.before.fill_(before)
        self.start.zero_()
        self.step.zero_()

    def _uploaded(self, there: Shaped[Tensor, "M _"], values: Shaped[NDArray[Any], "M _"]) -> Shaped[Tensor, "M _"]:
        """The matrix on the device, made anew only where it is too narrow: recorded graphs know its address."""
        if values.shape[1] > there.shape[1]:
            self.replay.forget()
            there = torch.zeros(values.shape, dtype=there.dtype, device=there.device)
        there[:, : values.shape[1]] = torch.from_numpy(np.ascontiguousarray(values)).to(there)
        return there

    @torch.no_grad()
    def queue_steps(self, size: int, count: int) -> None:
        """Queues so many steps, each on the next `size` examples of the order, on the device."""
        for _ in range(count):
            places = self.start + torch.arange(size, device=self.start.device)
            self._descend(*self._gradient(self.order.index_select(1, places)))
            self.start += size
            self.step += 1

    def _gradient(self, batch: Int64[Tensor, "M B"]) -> tuple[Float[Tensor, "M P"], Float[Tensor, "M Q"]]:
        """The mean gradient over a batch, a chunk at a time, and the updated statistics."""
        w, total, statistics = self.weights, None, self.weights.statistics
        for chunk in batch.split(self.chunk[0], 1):
            images, labels = self.data.batch(chunk)
            outputs, tape, seen = forward_backward.forward_training(
                self.net, self.route, w.parameters, w.buffers, images
            )
            slope = self._slope(outputs, labels, batch.shape[1])
            gradient = w.flat(forward_backward.backward(self.net, self.route, w.parameters, tape, slope))
            total = gradient if total is None else total.add_(gradient)
            statistics = w.flat_statistics(seen) if seen else statistics
        assert total is not None
        return total, statistics

    def _slope(
        self, outputs: Float[Tensor, "M B O"], labels: Int64[Tensor, "M B"], examples: int
    ) -> Float[Tensor, "M B O"]:
        """Gradient of the mean loss by the outputs, for any loss."""
        with torch.enable_grad():
            leaf = outputs.requires_grad_()
            return torch.autograd.grad(self.loss(leaf, labels).sum().div(examples), leaf)[0]

    def _descend(self, gradient: Float[Tensor, "M P"], statistics: Float[Tensor, "M Q"]) -> None:
        w = self.weights
        every = [w.values, *w.kept.values(), w.statistics]
        still = [] if self.all_active else [matrix.clone() for matrix in every]
        rate, t = self.rates.index_select(1, self.step)[:, 0], self.before + self.step[0] + 1
        kept = {part: {"all": matrix} for part, matrix in w.kept.items()}
        self.update.step(self.numbers, {"all": w.values}, {"all": gradient}, kept, rate, t)
        w.statistics.copy_(statistics)
        for now, then in zip(every, still, strict=not self.all_active):
            # torch.where, not a product with a mask: a frozen model's gradient may be NaN.
            now.copy_(torch.where(self.active, now, then))

    @torch.no_grad()
    def totals(self, split: str) -> tuple[Float64[Tensor, " M"], Float64[Tensor, " M"]]:
        """See `Engine.totals`: outputs in the trial's precision, their loss in float64."""
        errors = torch.zeros(self.models, dtype=torch.float64, device=self.active.device)
        losses = errors.clone()
        for outputs, labels in self._evaluate(split):
            errors += wrong(outputs, labels).sum(1)
            losses += self.loss(outputs.double(), labels).sum(1)
        return errors / self.data.size(split), losses / self.data.size(split)

    @torch.no_grad()
    def outputs(self, split: str) -> tuple[Float[Tensor, "M E O"], Int64[Tensor, "M E"]]:
        """See `Engine.outputs`."""
        parts = list(self._evaluate(split))
        return torch.cat([o for o, _ in parts], 1), torch.cat([y for _, y in parts], 1)

    def _evaluate(self, split: str) -> Iterator[tuple[Float[Tensor, "M B O"], Int64[Tensor, "M B"]]]:
        w, size = self.weights, self.data.size(split)
        for start in range(0, size, self.chunk[1]):
            images, labels = self.data.part(split, start, min(start + self.chunk[1], size))
            yield forward_backward.forward(self.net, self.route, w.parameters, w.buffers, images), labels
