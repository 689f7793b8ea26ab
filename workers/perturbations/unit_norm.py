"""A step of unit length in a random direction of the whole weight space, each time the training set is fitted again.

CBMM Memo 90, Section 6: after convergence add dW with ||dW|| = 1, let gradient descent converge again, repeat m times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from workers.interfaces.perturbation import PerturbationSettings
from workers.interfaces.until import Until

if TYPE_CHECKING:
    import torch

    from workers.interfaces.perturbation import Tensors


class Settings(PerturbationSettings):
    """A random step of fixed length, each time the network has converged."""

    name: Literal["unit_norm"] = "unit_norm"
    length: float = Field(1.0, gt=0, description="Euclidean norm of the step over all weights together.")
    times: int = Field(20, gt=0, description="Number of perturbations.")
    after: Until = Field(Until(), description="Each one happens when this is reached (again).")


def waits_for(settings: Settings) -> Until:
    """The setting `after`."""
    return settings.after


def due(settings: Settings, epoch: int, reached: bool, first: int | None, count: int) -> bool:
    """Whether a model is perturbed at the end of this epoch. `count`: the number of its perturbations so far."""
    return reached and count < settings.times


def noise(settings: Settings, now: Tensors, initial: Tensors, rng: torch.Generator) -> Tensors:
    """What is added to one model's parameters; biases stay."""
    import torch

    weights = {name: value for name, value in now.items() if name.endswith("weight")}
    drawn = {name: torch.randn(value.shape, generator=rng, dtype=torch.float64) for name, value in weights.items()}
    length = torch.stack([d.square().sum() for d in drawn.values()]).sum().sqrt()
    return {name: (d * (settings.length / length)).to(weights[name].dtype) for name, d in drawn.items()}
