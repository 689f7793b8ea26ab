"""The learning rate rises linearly, then falls with the inverse square root of time.

Vaswani et al. 2017, arXiv:1706.03762, equation 3; here the highest factor is 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from workers.interfaces.schedule import Risks, ScheduleSettings, Time

if TYPE_CHECKING:
    from workers.interfaces.schedule import Factors


class Settings(ScheduleSettings):
    """Inverse square root with a warm-up."""

    name: Literal["inverse_square_root"] = "inverse_square_root"
    per: Literal["epoch", "step"] = Field("step", description="Whether the rate changes after epochs or after steps.")
    warmup: float = Field(1.0, gt=0, description="Epochs until the rate is the full one, and begins to fall.")


def factor(settings: Settings, time: Time, risks: Risks) -> Factors:
    """min(x, 1 / sqrt(x)) for x = (k + 1) / n, k units (epochs or steps) being done and n those of the warm-up."""
    x = (time.done + time.unit) / settings.warmup
    return np.minimum(x, 1 / np.sqrt(x))
