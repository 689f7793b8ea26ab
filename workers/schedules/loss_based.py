"""The learning rate grows as the training risk falls: that of an epoch is proportional to 1 / (risk before it).

Lyu and Li 2020, "Gradient descent maximizes the margin of homogeneous neural networks" (arXiv:1906.05890), Appendix
L.1: rate = alpha / risk, where alpha is multiplied by `growth` after an epoch in which the risk fell and divided by
`shrink` after one in which it rose. Such an epoch is undone, as there, and counts as an epoch in which nothing changed.
Gradients of a classification loss shrink like the risk: with a constant rate, training is ever slower once the examples
are fitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from workers.interfaces.schedule import Risks, ScheduleSettings, Time

if TYPE_CHECKING:
    from workers.interfaces.schedule import Factors

SMALLEST_RISK = 1e-30  # below it the rate stays as it is: float32 ends soon after


class Settings(ScheduleSettings):
    """A loss-based learning rate; `learning_rate` is that of the first epoch."""

    name: Literal["loss_based"] = "loss_based"
    per: Literal["epoch"] = Field("epoch", description="The rate changes after epochs.")
    growth: float = Field(2 ** (1 / 5), ge=1, description="Factor on the rate after an epoch in which the risk fell.")
    shrink: float = Field(2 ** (1 / 10), ge=1, description="Divisor of the rate after an epoch in which it rose.")

    @property
    def needs_risk(self) -> bool:
        return True

    @property
    def undoes_rises(self) -> bool:
        return True


def factor(settings: Settings, time: Time, risks: Risks) -> Factors:
    """growth^falls / shrink^rises * (risk at the start / risk now)."""
    alpha = settings.growth**risks.falls / settings.shrink**risks.rises
    return np.full_like(time.done, alpha * risks.first / max(risks.last, SMALLEST_RISK))
