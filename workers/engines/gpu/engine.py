"""The engine for the memo's networks on a GPU: all models of a bundle as one computation, data on the device.

Runs on a CPU, too, for tests. When fewer than half of the models still train, the others are removed from the
computation: their rows are kept, and their measured values, which no longer change, are stored.

M models of the bundle, of which those in `held` are computed; N training examples of a model, E examples of a
split, C classes, S steps of an epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.engines.device_data import Resident
from workers.engines.gpu import choose_convolution, memory_model
from workers.engines.gpu.stacked_models import Stack
from workers.engines.gpu.stacked_parameters import Weights
from workers.interfaces.optimizer import OPTIMIZERS
from workers.runtime.device import dtype_of
from workers.training.examples.selection import Examples
from workers.training.networks.functions import initial

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float64, Int64

    from workers.engines.gpu.layers import Route
    from workers.interfaces.networks.engine import State
    from workers.training.settings import Settings


class Batched:
    """M convolutional networks on one device."""

    def __init__(self, bundle: list[Settings], examples: Examples, device: str, route: Route | None = None) -> None:
        dtype = dtype_of(bundle[0].precision)
        self.bundle, self.image = bundle, examples.images.train_x.shape[1:]
        self.route = route or choose_convolution.choose(
            bundle[0], self.image, len(bundle), examples.index.shape[1], device
        )
        self.data = Resident.of(examples, device, dtype)
        keeps = OPTIMIZERS.load(bundle[0].optimizer.name).STATE
        self.weights = Weights(*initial(bundle, examples), keeps, device, dtype)
        self.whole = self._of(bundle, self.data, self.weights)
        self.held, self.stack = np.arange(len(bundle)), self.whole
        self.known: dict[str, tuple[Tensor, Tensor]] = {}  # totals of a split, while some models are removed

    def epoch(
        self,
        order: Int64[NDArray[np.int64], "M N"],
        active: Bool[NDArray[np.bool_], " M"],
        rates: Float64[NDArray[np.float64], "M S"],
        before: int,
        moves: Int64[NDArray[np.int64], "M N 3"] | None = None,
    ) -> None:
        """See `Engine.epoch`. `choose` gives augmented images to other engines, so that there are no moves."""
        going_on = np.flatnonzero(active)
        if 0 < 2 * len(going_on) < len(self.held):
            self._hold(going_on)
        elif not np.isin(going_on, self.held).all():
            self._hold(np.arange(len(self.bundle)))
        if self.stack is self.whole:
            self.stack.epoch(order, active, rates, before)
        else:
            self.stack.epoch(order[self.held], active[self.held], rates[self.held], before)
            self.weights.copy_rows(self._index(self.held), self.stack.weights)

    def _hold(self, models: NDArray[np.int64]) -> None:
        """Restricts the computation to these models."""
        self.stack.replay.forget()
        self.held = models
        self.stack = self.whole if len(models) == len(self.bundle) else self._stack(models)
        self.known = {}

    def _stack(self, models: NDArray[np.int64]) -> Stack:
        rows = self._index(models)
        return self._of([self.bundle[i] for i in models], self.data.rows(rows), self.weights.rows(rows))

    def _of(self, bundle: list[Settings], data: Resident, weights: Weights) -> Stack:
        batch = bundle[0].optimizer.batch(data.size("train"))
        training = memory_model.step(bundle[0], self.image, len(bundle), batch)
        evaluation = memory_model.chunk(bundle[0], self.image, len(bundle), False)
        return Stack(bundle, data, weights, self.route, (training, evaluation))

    def totals(self, split: str) -> tuple[Float64[Tensor, " M"], Float64[Tensor, " M"]]:
        """See `Engine.totals`. After a removal: once of all models, then only of those that still train."""
        if self.stack is self.whole:
            return self.whole.evaluation.totals(split)
        if split not in self.known:
            self.known[split] = self.whole.evaluation.totals(split)
            self.whole.replay.forget()  # frees what its graphs hold: they are needed once
        else:
            for known, now in zip(self.known[split], self.stack.evaluation.totals(split), strict=True):
                known[self._index(self.held)] = now
        errors, losses = self.known[split]
        return errors.clone(), losses.clone()

    def outputs(self, split: str) -> tuple[Float[Tensor, "M E C"], Int64[Tensor, "M E"]]:
        """See `Engine.outputs`."""
        return self.whole.evaluation.outputs(split)

    def parameters(self) -> dict[str, Float[Tensor, "M ..."]]:
        """See `Engine.parameters`. Copies: convolutions' weights are stored in another order."""
        return {name: value.contiguous() for name, value in self.weights.parameters.items()}

    def state(self) -> State:
        """See `Engine.state`."""
        return self.weights.state()

    def load(self, state: State) -> None:
        """See `Engine.load`."""
        self.weights.load(state)
        self.known.clear()
        if self.stack.weights is not self.weights:
            self.stack.weights.copy_rows(slice(None), self.weights.rows(self._index(self.held)))

    def _index(self, models: Int64[NDArray[np.int64], " m"]) -> Int64[Tensor, " m"]:
        return torch.from_numpy(models).to(self.data.index.device)
