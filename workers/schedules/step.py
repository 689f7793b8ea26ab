"""The learning rate is multiplied by a factor at given epochs, or every so many epochs.

As `torch.optim.lr_scheduler.StepLR` and `MultiStepLR`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, model_validator

from workers.interfaces.schedule import Risks, ScheduleSettings, Time

if TYPE_CHECKING:
    from workers.interfaces.schedule import Factors


class Settings(ScheduleSettings):
    """Steps: `at` certain epochs, or `every` so many."""

    name: Literal["step"] = "step"
    at: tuple[float, ...] = Field((), description="Epochs after which the rate is multiplied.")
    every: float | None = Field(None, gt=0, description="Epochs between multiplications, in place of `at`.")
    gamma: float = Field(0.1, gt=0, description="What the rate is multiplied by.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Settings:
        if bool(self.at) == (self.every is not None):
            raise ValueError(f"step needs either `at` or `every`, got at {list(self.at)} and every {self.every}")
        if min(self.at, default=1) <= 0:
            raise ValueError(f"at must be epochs above 0, got {list(self.at)}")
        return self


def factor(settings: Settings, time: Time, risks: Risks) -> Factors:
    """gamma to the number of multiplications so far."""
    if settings.every is not None:
        times = np.floor(time.done / settings.every)
    else:
        times = np.searchsorted(np.sort(settings.at), time.done, side="right").astype(np.float64)
    return np.full_like(times, settings.gamma) ** times
