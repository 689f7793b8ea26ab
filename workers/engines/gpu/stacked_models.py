"""Trains M of the memo's networks as one computation: batches are queued without waiting for the device.

The order and the learning rates of an epoch are uploaded once; counters on the device say where the next batch begins
and which step it is, so that every step is the same work and can be replayed.

M models, N training examples of a model, L examples of an epoch, B of a batch, O classes, P parameters,
Q running statistics, S steps of an epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.engines.device_data import Resident
from workers.engines.gpu import forward_backward
from workers.engines.gpu.cuda_graphs import Replay
from workers.engines.gpu.evaluation import Evaluation
from workers.engines.gpu.layers import Route
from workers.engines.gpu.stacked_parameters import Weights
from workers.engines.gpu.upload import Uploaded
from workers.interfaces.optimizer import OPTIMIZERS, numbers_of
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
        route: Route,
        chunk: tuple[int, int],
    ) -> None:
        """chunk: examples of every model that go through the nets at once, in training and in evaluation."""
        first = bundle[0]
        self.net, self.optimizer = settings_of(first.net), first.optimizer
        self.data, self.weights, self.route = data, weights, route
        loss = LOSSES.load(first.loss)
        self.loss = loss.loss
        self.chunk = chunk
        device = data.index.device
        self.update = OPTIMIZERS.load(first.optimizer.name)
        self.numbers = numbers_of([s.optimizer for s in bundle], data.dtype, device)
        self.all_active = True
        examples, rows = data.size("train"), len(bundle)
        steps = -(-examples // first.optimizer.batch(examples))
        self.order = Uploaded(rows, examples, torch.int32, device)
        self.rates = Uploaded(rows, steps, data.dtype, device)
        self.active = Uploaded(rows, 1, torch.bool, device)
        self.start, self.step = (torch.zeros(1, dtype=torch.int64, device=device) for _ in range(2))
        self.before = torch.zeros((), dtype=torch.float64, device=device)  # steps taken before the epoch
        self.replay = Replay(str(device))
        self.evaluation = Evaluation(self.net, loss, data, weights, route, chunk[1], self.replay)

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
        self.replay.in_pieces(self.all_active, examples, self.optimizer.batch(examples), self.queue_steps)

    def upload(
        self,
        order: Int64[NDArray[np.int64], "M L"],
        active: Bool[NDArray[np.bool_], " M"],
        rates: Float64[NDArray[np.float64], "M S"],
        before: int,
    ) -> None:
        """Queues copies of an epoch's order, mask and rates to the device, and sets its counters."""
        if self.order.too_narrow(order) or self.rates.too_narrow(rates):
            self.replay.forget()
        one_step = rates.shape[1] == 1
        if not (one_step and self.order.holds(order)):  # the order of gradient descent is the same in every epoch
            self.order.fill(order)
        self.rates.fill(rates)
        self.active.fill(active[:, None])
        self.all_active = bool(active.all())
        self.before.fill_(before)
        self.start.zero_()
        self.step.zero_()

    @torch.no_grad()
    def queue_steps(self, size: int, count: int) -> None:
        """Queues so many steps, each on the next `size` examples of the order, on the device."""
        for _ in range(count):
            places = self.start + torch.arange(size, device=self.start.device)
            self._descend(*self._gradient(self.order.there.index_select(1, places).long()))
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
        rate, t = self.rates.there.index_select(1, self.step)[:, 0], self.before + self.step[0] + 1
        kept = {part: {"all": matrix} for part, matrix in w.kept.items()}
        self.update.step(self.numbers, {"all": w.values}, {"all": gradient}, kept, rate, t)
        w.statistics.copy_(statistics)
        for now, then in zip(every, still, strict=not self.all_active):
            # torch.where, not a product with a mask: a frozen model's gradient may be NaN.
            now.copy_(torch.where(self.active.there, now, then))
