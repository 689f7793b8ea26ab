"""The input of measures: a bundle at the end of an epoch, each expensive quantity computed once.

Everything is in evaluation mode: batch norm uses its running statistics. What is differentiated is the network in plain
PyTorch with the engine's present parameters, whichever engine trains.

M models, N examples of a split, B of some of them, K input channels, H W height and width of an image, C classes.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

from workers.interfaces.net import layer_of
from workers.interfaces.networks.divergence import LARGEST_RISK
from workers.runtime import lease_watch

if TYPE_CHECKING:
    from jaxtyping import Float, Float64, Int64, Shaped
    from torch import Tensor, nn

    from workers.interfaces.net import Tensors
    from workers.interfaces.networks.engine import Engine
    from workers.interfaces.networks.functions import Functions, TrialSettings


class Snapshot:
    """Models of a bundle between two epochs. `parameters`: of all of them, by name."""

    def __init__(self, engine: Engine, functions: Functions, models: Sequence[int] | None = None) -> None:
        """models: places in the bundle, ascending; all of them if absent."""
        self.engine, self._functions = engine, functions
        self._places = range(len(functions.settings)) if models is None else models
        self.totals = functools.cache(self._totals)
        self.outputs = functools.cache(self._outputs)
        self.parameters = self._of_these(engine.parameters())

    @property
    def settings(self) -> Sequence[TrialSettings]:
        """Of each model."""
        return [self._functions.settings[place] for place in self._places]

    def _totals(self, split: str) -> tuple[Float64[Tensor, " M"], Float64[Tensor, " M"]]:
        """Error and risk."""
        error, risk = self.engine.totals(split)
        return self._chosen(error), self._chosen(risk)

    def _outputs(self, split: str) -> tuple[Float[Tensor, "M N C"], Int64[Tensor, "M N"]]:
        """Outputs and labels."""
        outputs, labels = self.engine.outputs(split)
        return self._chosen(outputs), self._chosen(labels)

    def _of_these(self, of_all: dict[str, Tensor]) -> dict[str, Shaped[Tensor, "M ..."]]:
        return {name: self._chosen(value) for name, value in of_all.items()}

    def _chosen(self, of_all: Tensor) -> Tensor:
        """Of the models of this snapshot; no copy where these are all."""
        return of_all if len(self._places) == len(of_all) else of_all[list(self._places)]

    @property
    def models(self) -> int:
        return len(self.settings)

    @functools.cached_property
    def buffers(self) -> dict[str, Shaped[Tensor, "M ..."]]:
        """Running statistics and counters by name; empty where the network has none."""
        return {name: self._put(value) for name, value in self._of_these(self.engine.state()["buffers"]).items()}

    @functools.cached_property
    def initial(self) -> dict[str, Float[Tensor, "M ..."]]:
        """The parameters that each model's seed drew, before any training (of `pretrain`, too)."""
        return {name: self._put(value) for name, value in self._of_these(self._functions.initial()).items()}

    def _put(self, value: Tensor) -> Tensor:
        return value.to(self._like) if value.is_floating_point() else value.to(self._like.device)

    @property
    def _like(self) -> Tensor:
        return next(iter(self.parameters.values()))

    def forward(
        self, parameters: Tensors, images: Float[Tensor, "M B K H W"], model: int | None = None
    ) -> Float[Tensor, "M B C"]:
        """Outputs with other parameters and the present running statistics: of all models, or of one, where M is 1."""
        buffers = self.buffers if model is None else {n: b[model : model + 1] for n, b in self.buffers.items()}
        return self._functions.forward(parameters, buffers, images)

    def loss(self, outputs: Float[Tensor, "M B C"], labels: Int64[Tensor, "M B"]) -> Float[Tensor, "M B"]:
        """The loss that is minimised, of every example."""
        return self._functions.loss(outputs, labels)

    def of(self, model: int) -> dict[str, Float[Tensor, "1 ..."]]:
        """The parameters of one model, by name."""
        return {name: value.detach()[model : model + 1] for name, value in self.parameters.items()}

    def module(self, model: int) -> nn.Module:
        """One model as a torch module in evaluation mode, for hooks on its layers: with copies of its parameters and
        running statistics. It maps images [B K H W] to outputs [B C], on every engine."""
        module = copy.deepcopy(self._functions.module()).to(self._like)
        present = {**self.of(model), **{name: value[model : model + 1] for name, value in self.buffers.items()}}
        with torch.no_grad():
            for name, value in (*module.named_parameters(), *module.named_buffers()):
                value.copy_(present[name][0])
        return module

    def size(self, split: str) -> int:
        """N: the number of examples of each model in a split."""
        return self._functions.size(split)

    def batches(
        self, split: str, model: int | None = None, most: int | None = None
    ) -> Iterator[tuple[Float[Tensor, "M B K H W"], Int64[Tensor, "M B"]]]:
        """Images and labels of a split in parts that fit into memory: of all models or of one, all of them or the
        first `most`. The first training examples are a class-balanced sample drawn by the trial's seed."""
        models = self._places if model is None else [self._places[model]]
        number = self.size(split) if most is None else min(most, self.size(split))
        for part in self._functions.batches(split, models, number, self._like):
            lease_watch.look()
            yield part

    def images(self, split: str, model: int | None = None, most: int | None = None) -> Float[Tensor, "M N K H W"]:
        """The images of a split as the networks see them. All at once they may not fit into memory: see `batches`."""
        return torch.cat([images for images, _ in self.batches(split, model, most)], 1)

    def labels(self, split: str, model: int | None = None, most: int | None = None) -> Int64[Tensor, "M N"]:
        """The labels that belong to `images`."""
        return torch.cat([labels for _, labels in self.batches(split, model, most)], 1)

    def zeros(self) -> Float64[Tensor, " M"]:
        """A sum to start from, of each model."""
        return torch.zeros(self.models, dtype=torch.float64, device=self._like.device)

    def gradient(self, split: str) -> dict[str, Float[Tensor, "M ..."]]:
        """The gradient of every model's risk on a split, by name."""
        leaves = {name: value.detach().clone().requires_grad_() for name, value in self.parameters.items()}
        for images, labels in self.batches(split):
            risks = self.loss(self.forward(leaves, images), labels).sum() / self.size(split)
            risks.backward()
        return {name: leaf.grad for name, leaf in leaves.items() if leaf.grad is not None}

    def norms(self) -> dict[str, Float64[Tensor, " M"]]:
        """Frobenius norm of every layer by name, its bias included."""
        squares: dict[str, Tensor] = {}
        for name, value in self.parameters.items():
            layer = layer_of(name)
            square = value.double().flatten(1).square().sum(1)
            squares[layer] = squares[layer] + square if layer in squares else square
        return {layer: square.sqrt() for layer, square in squares.items()}

    def margins(self, split: str) -> Float[Tensor, "M N"]:
        """f_y - max over wrong classes f_c, of every example."""
        outputs, labels = self.outputs(split)
        correct = outputs.gather(-1, labels[..., None])[..., 0]
        return correct - outputs.scatter(-1, labels[..., None], -torch.inf).amax(-1)

    def diverged(self) -> list[bool]:
        """For each model, whether a weight is not finite, or the training risk not at most `LARGEST_RISK`."""
        risk = self.totals("train")[1]
        finite = [value.flatten(1).isfinite().all(1) for value in self.parameters.values()]
        sound = torch.stack([*finite, risk.double() <= LARGEST_RISK]).all(0)
        return [not one for one in sound.tolist()]
