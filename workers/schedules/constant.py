"""The learning rate stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from workers.interfaces.schedule import Risks, ScheduleSettings, Time

if TYPE_CHECKING:
    from workers.interfaces.schedule import Factors


class Settings(ScheduleSettings):
    """A constant learning rate."""

    name: Literal["constant"] = "constant"
    per: Literal["epoch"] = Field("epoch", description="Without meaning here.")


def factor(settings: Settings, time: Time, risks: Risks) -> Factors:
    """1."""
    return np.ones_like(time.done)
