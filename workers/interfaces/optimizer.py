"""What a file of workers/optimizers must have: the update of M models' parameters from their gradients.

M models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from pydantic import Field
from typing_extensions import TypeVar

from tracking.common.errors import BadPlugin
from tracking.common.named_files.plugins import Frozen, Kind, any_settings
from tracking.common.named_files.protocols import lacking
from workers.interfaces.schedule import SCHEDULES, ScheduleSettings

if TYPE_CHECKING:  # of a choice by name, types know what all choices have in common
    import torch
    from jaxtyping import Float, Float64
    from torch import Tensor

    AnySchedule = ScheduleSettings
    Tensors = Mapping[str, Float[Tensor, "M ..."]]  # of M models, by name
    Numbers = Mapping[str, Float[Tensor, " M"]]
else:
    AnySchedule = any_settings(SCHEDULES)


class OptimizerSettings(Frozen):
    """What every optimizer file's Settings have in common."""

    name: str
    batch_size: int | None = Field(100, gt=0, description="Examples per step; the last batch of an epoch may be short.")
    learning_rate: float = Field(0.1, gt=0, description="Step size, per mean gradient over the batch.")
    weight_decay: float = Field(
        0.0, ge=0, description="Factor of the parameters that is added to their gradient: of the penalty |w|^2 / 2."
    )
    schedule: AnySchedule = Field(
        default_factory=lambda: SCHEDULES.load("constant").Settings(name="constant"),
        description="How the learning rate changes in training.",
        json_schema_extra={"default": {"name": "constant"}},
    )

    def batch(self, examples: int) -> int:
        """Examples of one step, of so many in all; without a batch size, all of them."""
        return examples if self.batch_size is None else self.batch_size

    def steps(self, examples: int) -> int:
        """Steps of an epoch of so many examples."""
        return -(-examples // self.batch(examples))


OptimizerT = TypeVar("OptimizerT", bound=OptimizerSettings, default=OptimizerSettings)


class Optimizer(Protocol[OptimizerT]):
    """An optimizer of the first order."""

    @property
    def Settings(self) -> type[OptimizerT]:
        """The keys below `optimizer` in a sweep file, with `name`, the name of the file."""

    @property
    def STATE(self) -> tuple[str, ...]:
        """Names of what it keeps between steps: of each, one tensor like every parameter, 0 at the start."""

    def numbers(self, settings: OptimizerT, /) -> dict[str, float]:
        """The numbers of the update by name, without the learning rate. They may differ between models of a bundle; one
        that the settings of some models have no number of is 0 in those."""

    def step(
        self, numbers: Numbers, p: Tensors, gradient: Tensors, state: Mapping[str, Tensors], rate: Float[Tensor, " M"],
        t: Float64[Tensor, ""], /,
    ) -> None:  # fmt: skip
        """One step: changes parameters `p` and `state` in place; may overwrite `gradient`.

        numbers: those of each model; a number that is 0 in all of them is left out. state: what `STATE` names, and the
        random numbers that `NOISE` names (see `Noisy`). rate: the learning rate of each model in this step. t: 1 at the
        first step.
        """


class Noisy(Protocol):
    """What an optimizer may say besides: that its steps take random numbers."""

    @property
    def NOISE(self) -> tuple[str, ...]:
        """Names of the random numbers of a step: of each, one tensor like every parameter, in `state` of `step`.

        They are standard normal and independent, drawn anew for every step from the trial's seed.
        """


OPTIMIZERS: Kind[Optimizer] = Kind("optimizer", "workers.optimizers", Optimizer)


def noise_names(optimizer: str) -> tuple[str, ...]:
    """`NOISE` of the optimizer of this name; empty where it says none.

    Raises BadPlugin where it is no tuple of names, and where `STATE` has one of them.
    """
    module = OPTIMIZERS.find(optimizer)
    if "NOISE" not in vars(module):
        return ()
    wrong = "; ".join(lacking(module, Noisy))
    names = () if wrong else cast(Noisy, module).NOISE
    if both := sorted(set(names) & set(OPTIMIZERS.load(optimizer).STATE)):
        wrong = f"names {', '.join(both)} in NOISE and in STATE; what is drawn anew for every step is not kept"
    if wrong:
        raise BadPlugin(f"optimizer '{optimizer}' ({OPTIMIZERS.place(optimizer).path}): {wrong}")
    return names


def numbers_of(bundle: Sequence[OptimizerSettings], dtype: torch.dtype, device: torch.device | str) -> Numbers:
    """The numbers of each model's update, as `Optimizer.step` takes them; the models have the same optimizer."""
    import torch

    found = [OPTIMIZERS.load(s.name).numbers(s) for s in bundle]
    names = dict.fromkeys(name for numbers in found for name in numbers)
    each = {name: [numbers.get(name, 0.0) for numbers in found] for name in names}
    return {name: torch.tensor(v, dtype=dtype, device=device) for name, v in each.items() if any(v)}


def like(each: Float[Tensor, " M"], value: Float[Tensor, "M ..."]) -> Float[Tensor, "M ..."]:
    """One number per model, shaped for broadcasting over a tensor of all models."""
    return each.view(-1, *[1] * (value.ndim - 1))
