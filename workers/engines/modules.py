"""The engine for any torch module: the models of a bundle train in turn, each with plain PyTorch's steps.

On a CPU that is faster than stacking the operations of several models. There is one module for all models: the tensors
of one model after the other are put into it. A model draws its dropout, and whatever else its module draws from torch's
own generator, from its own seed and the number of steps that it has taken before the epoch: alone, in a bundle and
after a resume they are the same.

M models, N training examples of a model, E examples of a split, B of a batch, K input channels, H W image height and
width, C classes, S steps of an epoch.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workers.engines.device_data import Resident
from workers.engines.reference import CHUNK_BYTES, GPU_CHUNK_BYTES, wrong
from workers.interfaces.optimizer import OPTIMIZERS, numbers_of
from workers.plugins import LOSSES
from workers.runtime import lease_watch, seeds
from workers.runtime.device import dtype_of
from workers.training.examples.selection import Examples
from workers.training.networks.functions import initial
from workers.training.networks.module import built, numbers_as, tensors
from workers.training.step_noise import StepNoise

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float64, Int64

    from workers.interfaces.networks.engine import State
    from workers.interfaces.optimizer import Tensors
    from workers.training.settings import Settings

    Batches = Callable[[Int64[Tensor, "1 B"]], tuple[Float[Tensor, "1 B H W K"], Int64[Tensor, "1 B"]]]


class Modules:
    """M models, their tensors with a leading M."""

    def __init__(self, bundle: list[Settings], examples: Examples, device: str) -> None:
        first, images = bundle[0], examples.images
        self.bundle, self.optimizer, self.loss = bundle, first.optimizer, LOSSES.load(first.loss).loss
        self.device, self.dtype = device, dtype_of(first.precision)
        module = built(first.net, images.train_x.shape[1:], images.classes, first.seed)
        self.module = module.to(device, self.dtype)
        self.largest = _largest(self.module, torch.zeros(2, *images.train_x.shape[1:]).to(device, self.dtype))
        # Channels last are fastest for convolutions; with channels first a linear layer needs no copy of an image.
        convolutions = any(value.ndim == 4 for value in module.parameters())
        self.data = Resident.of(examples, device, self.dtype, channels_first=not convolutions)
        parameters, buffers = initial(bundle, examples)
        self.update = OPTIMIZERS.load(first.optimizer.name)
        self.numbers = [numbers_of([s.optimizer], self.dtype, device) for s in bundle]
        self.noise = [StepNoise([s]) for s in bundle]
        kept = {part: {n: torch.zeros_like(value) for n, value in parameters.items()} for part in self.update.STATE}
        self.load({"parameters": parameters, **kept, "buffers": buffers})
        self.whole_batches = bool(buffers) or first.net.needs_batches

    def epoch(
        self,
        order: Int64[NDArray[np.int64], "M N"],
        active: Bool[NDArray[np.bool_], " M"],
        rates: Float64[NDArray[np.float64], "M S"],
        before: int,
        moves: Int64[NDArray[np.int64], "M N 3"] | None = None,
    ) -> None:
        """See `Engine.epoch`."""
        each = torch.from_numpy(rates).to(self.device, self.dtype)
        for i in np.flatnonzero(active).tolist():
            examples = self._examples(i, None if moves is None else moves[i : i + 1])
            places = torch.from_numpy(order[i : i + 1]).to(self.device)
            with self._model(i, "training", before) as module:
                module.train()
                descend, trained = self._descent(i), _trained(module)
                for step, batch in enumerate(places.split(self.optimizer.batch(places.shape[1]), dim=1)):
                    lease_watch.look()
                    descend(self._gradient(module, trained, examples, batch), each[i : i + 1, step], before + step + 1)

    def _examples(self, i: int, moves: Int64[NDArray[np.int64], "1 N 3"] | None) -> Batches:
        """The examples of model i by their places, augmented as in this epoch."""
        data = self.data.rows(torch.tensor([i], device=self.device))
        return functools.partial(data.batch, moves=None if moves is None else torch.from_numpy(moves).to(self.device))

    def _gradient(
        self, module: nn.Module, trained: Mapping[str, Tensor], examples: Batches, batch: Int64[Tensor, "1 B"]
    ) -> Tensors:
        """The gradient of the mean loss over a batch, of the parameters that it depends on. Without batch norm it is
        summed over chunks of the batch."""
        total: list[Tensor | None] = [None] * len(trained)
        for chunk in [batch] if self.whole_batches else batch.split(self._chunk(), dim=1):
            images, labels = examples(chunk)
            loss = self.loss(_outputs(module, images), labels).sum().div(batch.shape[1])
            found = torch.autograd.grad(loss, list(trained.values()), allow_unused=True)
            total = [new if sum_ is None else sum_.add_(new) for sum_, new in zip(total, found, strict=True)]
        return {name: sum_[None] for name, sum_ in zip(trained, total, strict=True) if sum_ is not None}

    def _descent(self, i: int) -> Callable[[Tensors, Float[Tensor, " 1"], int], None]:
        """The steps of model i, from its gradient, its learning rate and the number of the step."""
        p = {name: value[i : i + 1] for name, value in self.p.items()}
        kept = {part: {name: value[i : i + 1] for name, value in d.items()} for part, d in self.kept.items()}

        @torch.no_grad()
        def descend(gradient: Tensors, rate: Float[Tensor, " 1"], t: int) -> None:
            moving = {name: p[name] for name in gradient}
            number = torch.tensor(t, dtype=torch.float64, device=self.device)
            state = {**kept, **self.noise[i].of(p, t)}
            self.update.step(self.numbers[i], moving, gradient, state, rate, number)

        return descend

    @contextmanager
    def _model(self, i: int, purpose: str, *counter: int) -> Iterator[nn.Module]:
        """The module with the tensors of model i in it, and torch's generator seeded for a purpose."""
        parameters, buffers = tensors(self.module)
        for mine, stacked in ((parameters, self.p), (buffers, self.buffers)):
            for name, value in mine.items():
                value.data = stacked[name][i]
        with seeds.torch_seeded(self.bundle[i].seed, purpose, *counter):
            yield self.module
        with torch.no_grad():
            for name, value in self.module.named_buffers():
                if value is not buffers[name]:  # assigned, not changed in place
                    self.buffers[name][i].copy_(value)

    @torch.no_grad()
    def totals(self, split: str) -> tuple[Float64[Tensor, " M"], Float64[Tensor, " M"]]:
        """See `Engine.totals`: outputs in the trial's precision, their loss in float64."""
        errors = torch.zeros(len(self.bundle), dtype=torch.float64, device=self.device)
        losses = errors.clone()
        for i in range(len(self.bundle)):
            for outputs, labels in self._evaluate(i, split):
                errors[i] += wrong(outputs, labels).sum()
                losses[i] += self.loss(outputs.double(), labels).sum()
        return errors / self.data.size(split), losses / self.data.size(split)

    @torch.no_grad()
    def outputs(self, split: str) -> tuple[Float[Tensor, "M E C"], Int64[Tensor, "M E"]]:
        """See `Engine.outputs`."""
        models = [list(self._evaluate(i, split)) for i in range(len(self.bundle))]
        outputs = [torch.cat([o for o, _ in parts], 1) for parts in models]
        labels = [torch.cat([y for _, y in parts], 1) for parts in models]
        return torch.cat(outputs), torch.cat(labels)

    def _evaluate(self, i: int, split: str) -> Iterator[tuple[Float[Tensor, "1 B C"], Int64[Tensor, "1 B"]]]:
        data, size, chunk = self.data.rows(torch.tensor([i], device=self.device)), self.data.size(split), self._chunk()
        with self._model(i, "evaluation") as module:
            module.eval()
            for start in range(0, size, chunk):
                images, labels = data.part(split, slice(start, min(start + chunk, size)))
                yield _outputs(module, images), labels

    def parameters(self) -> dict[str, Float[Tensor, "M ..."]]:
        """See `Engine.parameters`."""
        return self.p

    def state(self) -> State:
        """See `Engine.state`."""
        parts = {"parameters": self.p, **self.kept, "buffers": self.buffers}
        return {part: {name: t.detach().cpu().clone() for name, t in d.items()} for part, d in parts.items()}

    def load(self, state: State) -> None:
        """See `Engine.load`."""
        put = {
            part: {name: numbers_as(t, self.device, self.dtype).clone() for name, t in d.items()}
            for part, d in state.items()
        }
        self.p, self.buffers = put["parameters"], put["buffers"]
        self.kept = {part: put[part] for part in self.update.STATE}

    def _chunk(self) -> int:
        """Examples in one forward pass, by its largest tensor: on a CPU it stays in the caches."""
        most = CHUNK_BYTES if self.device == "cpu" else GPU_CHUNK_BYTES
        return max(most // (self.largest * self.dtype.itemsize), 1)


def _outputs(module: nn.Module, images: Float[Tensor, "1 B H W K"]) -> Float[Tensor, "1 B C"]:
    outputs: Tensor = module(images[0].permute(0, 3, 1, 2))
    return outputs[None]


def _trained(module: nn.Module) -> dict[str, Tensor]:
    return {name: value for name, value in module.named_parameters() if value.requires_grad}


def _largest(module: nn.Module, two: Float[Tensor, "2 H W K"]) -> int:
    """Numbers of the largest tensor that a forward pass keeps of one image, or of the image itself."""
    sizes = [two[0].numel()]

    def note(kept: Tensor) -> Tensor:
        if kept.ndim and len(kept) == len(two):
            sizes.append(kept[0].numel())
        return kept

    with seeds.torch_seeded(0, "largest"), torch.autograd.graph.saved_tensors_hooks(note, lambda kept: kept):
        _outputs(module, two[None])
    return max(sizes)
