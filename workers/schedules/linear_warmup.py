"""The learning rate rises linearly in the first epochs; then it is constant, or falls along half a cosine.

Goyal et al. 2017, arXiv:1706.02677, Section 2.2. The first step is taken at 1/n of the rate if the rise takes n steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from workers.interfaces.schedule import Risks, ScheduleSettings, Time
from workers.schedules.cosine import annealed

if TYPE_CHECKING:
    from workers.interfaces.schedule import Factors


class Settings(ScheduleSettings):
    """Linear warm-up."""

    name: Literal["linear_warmup"] = "linear_warmup"
    per: Literal["epoch", "step"] = Field("step", description="Whether the rate changes after epochs or after steps.")
    warmup: float = Field(gt=0, description="Epochs until the rate is the full one.")
    then: Literal["constant", "cosine"] = Field("constant", description="After that: full, or falling to `final`.")
    final: float = Field(0.0, ge=0, le=1, description="With cosine: factor that is reached when all epochs are done.")


def factor(settings: Settings, time: Time, risks: Risks) -> Factors:
    """min(1, (k + 1) / n) in the rise, k units (epochs or steps) being done of the n that it takes."""
    rise = np.minimum(1.0, (time.done + time.unit) / settings.warmup)
    left = time.total - settings.warmup
    if settings.then == "constant" or left <= 0:
        return rise
    return rise * annealed(np.maximum(0.0, time.done - settings.warmup) / left, settings.final)
