"""M of the memo's networks as one computation: batches are queued one after the other without waiting for the device.

The order of an epoch is uploaded once; a counter on the device says where the next batch begins, so that every step is
the same work and can be replayed.

M models, N training examples of a model, E examples of a split, L of an epoch, B of a batch, O classes, P parameters,
Q running statistics.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.engines.device_data import Resident
from workers.engines.gpu import forward_backward
from workers.engines.gpu.cuda_graphs import STEPS, Replay
from workers.engines.gpu.stacked_parameters import Weights
from workers.engines.reference import wrong
from workers.nets.convnet import settings_of
from workers.plugins import LOSSES

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float64, Int64

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
        self.rate = self._each([s.optimizer.learning_rate for s in bundle])
        self.inertia = self._each([s.optimizer.momentum for s in bundle])
        self.active = torch.ones_like(self.rate, dtype=torch.bool)
        self.order = data.index[:, :0]  # (M, the most examples that an epoch had)
        self.start = torch.zeros(1, dtype=torch.int64, device=data.index.device)
        self.replay = Replay(str(data.index.device))

    def epoch(self, order: Int64[NDArray[np.int64], "M N"], active: Bool[NDArray[np.bool_], " M"]) -> None:
        """See `Engine.epoch`; returns before the device is done."""
        self.upload(order, active)
        self.queue_epoch(order.shape[1])

    def queue_epoch(self, examples: int) -> None:
        """Queues the steps of an epoch of so many examples a model on the device, from `start` on."""
        size = self.optimizer.batch(examples)
        whole, rest = divmod(examples, size)
        many, single = divmod(whole, STEPS)
        for _ in range(many):
            self.replay.run((size, STEPS), lambda: self.queue_steps(size, STEPS))
        for _ in range(single):
            self.replay.run((size, 1), lambda: self.queue_steps(size, 1))
        if rest:
            self.replay.run((rest, 1), lambda: self.queue_steps(rest, 1))

    def upload(self, order: Int64[NDArray[np.int64], "M L"], active: Bool[NDArray[np.bool_], " M"]) -> None:
        """Copies an epoch's order and mask to the device, and sets `start` to 0."""
        if order.shape[1] > self.order.shape[1]:
            self.replay.forget()
            self.order = torch.zeros(order.shape, dtype=torch.int64, device=self.order.device)
        self.order[:, : order.shape[1]] = torch.from_numpy(np.ascontiguousarray(order)).to(self.order.device)
        self.active.copy_(torch.from_numpy(active)[:, None])
        self.start.zero_()

    @torch.no_grad()
    def queue_steps(self, size: int, count: int) -> None:
        """Queues so many steps, each on the next `size` examples of the order, on the device."""
        for _ in range(count):
            places = self.start + torch.arange(size, device=self.start.device)
            self._descend(*self._gradient(self.order.index_select(1, places)))
            self.start += size

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
        # torch.where, not a product with a mask: a frozen model's gradient may be NaN.
        w = self.weights
        moved = torch.addcmul(gradient, w.velocity, self.inertia)
        w.velocity.copy_(torch.where(self.active, moved, w.velocity))
        w.values.copy_(torch.where(self.active, torch.addcmul(w.values, moved, self.rate, value=-1), w.values))
        if w.buffers:
            w.statistics.copy_(torch.where(self.active, statistics, w.statistics))

    @torch.no_grad()
    def totals(self, split: str) -> tuple[Float64[Tensor, " M"], Float64[Tensor, " M"]]:
        """See `Engine.totals`: outputs in the trial's precision, their loss in float64."""
        errors = torch.zeros(len(self.rate), dtype=torch.float64, device=self.rate.device)
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

    def _each(self, values: list[float]) -> Float[Tensor, "M 1"]:
        """One number per model."""
        data = self.data
        return torch.tensor(values, dtype=data.dtype, device=data.index.device)[:, None]
