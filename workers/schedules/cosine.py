"""The learning rate falls along half a cosine to the end of the training.

Loshchilov and Hutter 2017, arXiv:1608.03983, equation 5 without restarts; `torch.optim.lr_scheduler.CosineAnnealingLR`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from workers.interfaces.schedule import Risks, ScheduleSettings, Time

if TYPE_CHECKING:
    from workers.interfaces.schedule import Factors


class Settings(ScheduleSettings):
    """Cosine annealing."""

    name: Literal["cosine"] = "cosine"
    final: float = Field(0.0, ge=0, le=1, description="Factor that is reached when all epochs are done.")


def factor(settings: Settings, time: Time, risks: Risks) -> Factors:
    """final + (1 - final) (1 + cos(pi x)) / 2, x the share of the training that is done."""
    return annealed(time.done / time.total, settings.final)


def annealed(share: NDArray[np.float64], final: float) -> NDArray[np.float64]:
    """The factor when this share of the fall is done."""
    return final + (1 - final) * (1 + np.cos(np.pi * share)) / 2
