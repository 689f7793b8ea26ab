"""The training risk of one model as a function of all its parameters in one vector: the Hessian times a vector.

H v is the gradient of grad L(w) . v (Pearlmutter 1994): exact, and H is never formed.

P parameters, B examples of a part, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workers.runtime import lease_watch

if TYPE_CHECKING:
    from jaxtyping import Float, Float64, Int64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

    Graph = tuple[Float[Tensor, " P"], Float[Tensor, " P"]]  # weights, and the gradient as a function of them

Array = NDArray[np.float64]


class OneModel:
    """One model of a snapshot, with its first `examples` training examples, or all where there are fewer."""

    def __init__(self, snapshot: Snapshot, model: int, examples: int) -> None:
        import torch

        self.snapshot, self.model, self.examples = snapshot, model, min(examples, snapshot.size("train"))
        parameters = snapshot.of(model)
        self.shapes = {name: value.shape for name, value in parameters.items()}
        self.weights = torch.cat([value.flatten() for value in parameters.values()])
        self._kept: list[Graph] = []  # where the examples are one part: a product is then one backward pass

    def hessian_times(self, vector: Float64[Array, " P"]) -> Float64[Array, " P"]:
        """The Hessian of the risk at the present weights, times a vector; summed over parts of the examples."""
        import torch

        lease_watch.look()
        v = torch.from_numpy(np.ascontiguousarray(vector).reshape(-1)).to(self.weights)
        total = torch.zeros_like(self.weights)
        for weights, gradient in self._kept or self._graphs():
            if gradient.requires_grad:  # a gradient that does not depend on the weights has derivative 0
                total += torch.autograd.grad(gradient, weights, v, retain_graph=True, materialize_grads=True)[0]
        return np.asarray(total.double().cpu().numpy())

    def risk_and_gradient(self, offset: Float64[Array, " P"]) -> tuple[float, Float64[Array, " P"]]:
        """The risk, and its gradient, at the present weights plus an offset."""
        import torch

        at = self.weights + torch.from_numpy(np.ascontiguousarray(offset)).to(self.weights)
        risk, gradient = 0.0, torch.zeros_like(at)
        for images, labels in self.snapshot.batches("train", self.model, self.examples):
            weights = at.clone().requires_grad_()
            part = self._risk(weights, images, labels)
            gradient += torch.autograd.grad(part, weights, materialize_grads=True)[0]
            risk += float(part.detach())
        return risk, np.asarray(gradient.double().cpu().numpy())

    def _graphs(self) -> Iterator[Graph]:
        """The gradient of each part of the risk."""
        import torch

        for images, labels in self.snapshot.batches("train", self.model, self.examples):
            weights = self.weights.clone().requires_grad_()
            risk = self._risk(weights, images, labels)
            (gradient,) = torch.autograd.grad(risk, weights, create_graph=True)
            if labels.shape[1] == self.examples:
                self._kept = [(weights, gradient)]
            yield weights, gradient

    def _risk(
        self, weights: Float[Tensor, " P"], images: Float[Tensor, "1 B K H W"], labels: Int64[Tensor, "1 B"]
    ) -> Float[Tensor, ""]:
        """The share of these examples in the risk, at any weights."""
        outputs = self.snapshot.forward(self._unflat(weights), images, self.model)
        return self.snapshot.loss(outputs, labels).sum() / self.examples

    def _unflat(self, weights: Float[Tensor, " P"]) -> dict[str, Float[Tensor, "1 ..."]]:
        parts = weights.split([shape.numel() for shape in self.shapes.values()])
        return {name: part.view(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}
