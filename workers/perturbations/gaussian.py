"""Gaussian noise on the weights of every layer, at regular times after the training set is fitted.

CBMM Memo 90, Figure 5: standard deviation 1/4 of that of the layer's weights, at the first epoch with training error 0
and every 100 epochs from there, until epoch 7,500. Whether "that of the weights" means now or at the start, the memo
does not say: by the current one norms grow by (17/16)^(m/2) in m perturbations, by the initial one far less.
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
    """Gaussian noise on every layer's weights, repeated."""

    name: Literal["gaussian"] = "gaussian"
    relative_std: float = Field(
        0.25, gt=0, description="Standard deviation of the noise, in those of the layer's weights."
    )
    noise_reference: Literal["current", "initial"] = Field("current", description="Whose standard deviation counts.")
    every: int = Field(100, gt=0, description="Epochs between perturbations.")
    last_epoch: int = Field(7500, gt=0, description="No perturbation after this epoch.")
    after: Until = Field(Until(), description="The first one happens when this is reached.")


def waits_for(settings: Settings) -> Until:
    """The setting `after`."""
    return settings.after


def due(settings: Settings, epoch: int, reached: bool, first: int | None, count: int) -> bool:
    """Whether a model is perturbed at the end of this epoch. `first`: the epoch of its first perturbation, if any."""
    if epoch > settings.last_epoch:
        return False
    return reached if first is None else (epoch - first) % settings.every == 0


def noise(settings: Settings, now: Tensors, initial: Tensors, rng: torch.Generator) -> Tensors:
    """What is added to one model's parameters; biases stay."""
    import torch

    reference = now if settings.noise_reference == "current" else initial
    weights = [name for name in now if name.endswith("weight")]
    scale = {name: settings.relative_std * reference[name].double().std(correction=0) for name in weights}
    return {name: (torch.randn(now[name].shape, generator=rng) * scale[name]).to(now[name].dtype) for name in weights}
