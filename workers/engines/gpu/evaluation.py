"""Errors, losses and outputs of M of the memo's networks over a split, in pieces that fit into memory.

A counter on the device says which examples come next, so that every piece is the same work and can be recorded as a
CUDA graph: small networks that are measured after every epoch would otherwise wait for their launches.

M models, E examples of a split, B of a piece, O classes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from workers.engines.device_data import Resident
from workers.engines.gpu import forward_backward
from workers.engines.gpu.cuda_graphs import Replay
from workers.engines.gpu.layers import Route
from workers.engines.gpu.stacked_parameters import Weights
from workers.engines.reference import wrong
from workers.interfaces.loss import Loss
from workers.nets.convnet import Settings

if TYPE_CHECKING:
    from jaxtyping import Float, Float64, Int64


class Evaluation:
    """Evaluates models with their present weights."""

    def __init__(
        self, net: Settings, loss: Loss, data: Resident, weights: Weights, route: Route, chunk: int,
        replay: Replay,
    ) -> None:  # fmt: skip
        """chunk: examples of every model in a piece. replay: that of training, so that both share their memory."""
        self.net, self.loss, self.data, self.weights, self.route = net, loss.loss, data, weights, route
        self.chunk, self.replay = chunk, replay
        device = data.index.device
        self.start = torch.zeros(1, dtype=torch.int64, device=device)  # the first example of the next piece
        # Sums over the examples of the pieces that are done: of errors, and of losses.
        self.sums = torch.zeros(2, len(data.index), dtype=torch.float64, device=device)

    def totals(self, split: str) -> tuple[Float64[Tensor, " M"], Float64[Tensor, " M"]]:
        """See `Engine.totals`: outputs in the trial's precision, their loss in float64. Waits for nothing."""
        self.start.zero_()
        self.sums.zero_()
        self.replay.in_pieces(split, self.data.size(split), self.chunk, partial(self._queue, split))
        errors, losses = self.sums / self.data.size(split)
        return errors, losses

    @torch.no_grad()
    def _queue(self, split: str, size: int, count: int) -> None:
        """Adds to the sums the next `count` pieces of `size` examples."""
        for _ in range(count):
            outputs, labels = self._piece(split, self.start + torch.arange(size, device=self.start.device))
            self.sums[0] += wrong(outputs, labels).sum(1)
            self.sums[1] += self.loss(outputs.double(), labels).sum(1)
            self.start += size

    @torch.no_grad()
    def outputs(self, split: str) -> tuple[Float[Tensor, "M E O"], Int64[Tensor, "M E"]]:
        """See `Engine.outputs`."""
        size = self.data.size(split)
        parts = [self._piece(split, slice(start, start + self.chunk)) for start in range(0, size, self.chunk)]
        return torch.cat([o for o, _ in parts], 1), torch.cat([y for _, y in parts], 1)

    def _piece(self, split: str, examples: slice | Tensor) -> tuple[Float[Tensor, "M B O"], Int64[Tensor, "M B"]]:
        w = self.weights
        images, labels = self.data.part(split, examples)
        return forward_backward.forward(self.net, self.route, w.parameters, w.buffers, images), labels
