"""What a file of workers/perturbations must have: noise on the weights of one model, and when it is added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from typing_extensions import TypeVar

from tracking.common.named_files.plugins import Frozen
from workers.interfaces.until import Until

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float
    from torch import Tensor

    Tensors = dict[str, Float[Tensor, "..."]]  # of one model, by name


class PerturbationSettings(Frozen):
    """What every perturbation file's Settings have in common."""

    name: str

    @property
    def acts_at_evaluations(self) -> bool:
        """Whether models are perturbed, which happens where they are evaluated: how often that is changes them."""
        return True


PerturbationT = TypeVar("PerturbationT", bound=PerturbationSettings, default=PerturbationSettings)


class Perturbation(Protocol[PerturbationT]):
    """A way to perturb a model in training."""

    @property
    def Settings(self) -> type[PerturbationT]:
        """The keys below `perturbation` in a sweep file, with `name`, the name of the file."""

    def waits_for(self, settings: PerturbationT, /) -> Until:
        """What a model must have reached; whether it has is `reached` of `due`."""

    def due(self, settings: PerturbationT, epoch: int, reached: bool, first: int | None, count: int, /) -> bool:
        """Whether a model is perturbed at the end of this epoch.

        first: the epoch of its first perturbation, if there was one. count: how often it was perturbed before.
        """

    def noise(self, settings: PerturbationT, now: Tensors, initial: Tensors, rng: torch.Generator, /) -> Tensors:
        """What is added to one model's parameters by name, given these as they are and as they were at the start."""
