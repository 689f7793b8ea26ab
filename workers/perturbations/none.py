"""No perturbation: the control experiment of the memo's Figure 5, top row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from workers.interfaces.perturbation import PerturbationSettings
from workers.interfaces.until import Until

if TYPE_CHECKING:
    import torch

    from workers.interfaces.perturbation import Tensors


class Settings(PerturbationSettings):
    """Gradient descent without perturbation."""

    name: Literal["none"] = "none"

    @property
    def acts_at_evaluations(self) -> bool:
        """No model is perturbed."""
        return False


def waits_for(settings: Settings) -> Until:
    """Unused: no model is ever due."""
    return Until()


def due(settings: Settings, epoch: int, reached: bool, first: int | None, count: int) -> bool:
    """Never."""
    return False


def noise(settings: Settings, now: Tensors, initial: Tensors, rng: torch.Generator) -> Tensors:
    """Nothing."""
    return {}
