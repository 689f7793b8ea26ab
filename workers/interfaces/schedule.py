"""What a file of workers/schedules must have: a factor on the learning rate as a function of time or of the risk.

S steps of an epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import TypeVar

from tracking.common.named_files.plugins import Frozen, Kind

if TYPE_CHECKING:
    from jaxtyping import Float64

    Factors = Float64[NDArray[np.float64], " S"]


@dataclass(frozen=True)
class Time:
    """When the steps of an epoch are taken; all in epochs.

    done: what has been trained when each step is taken: 0 at the first of all. With `per: epoch` it is a whole number,
    the same for all steps of an epoch. unit: how far `done` moves at a change: one epoch, or one step.
    total: epochs of the whole training.
    """

    done: Factors
    unit: float
    total: float


@dataclass(frozen=True)
class Risks:
    """The training risks of one model, as far as they are known: NaN before the first.

    first: of the initial network. last: after the last epoch that was not undone. falls, rises: after how many epochs
    it was at most that, and after how many it was above or not a number.
    """

    first: float = float("nan")
    last: float = float("nan")
    falls: int = 0
    rises: int = 0

    def rose(self, risk: float) -> bool:
        """Whether a risk is above the last one, or no number."""
        return not np.isnan(self.first) and not risk <= self.last

    def after(self, risk: float, undone: bool) -> Risks:
        """With the risk after one more epoch, or that of the initial network."""
        if np.isnan(self.first):
            return Risks(risk, risk)
        last, rose = self.last if undone else risk, self.rose(risk)
        return Risks(self.first, last, self.falls + (not rose), self.rises + rose)


class ScheduleSettings(Frozen):
    """What every schedule file's Settings have in common."""

    name: str
    per: Literal["epoch", "step"] = Field("epoch", description="Whether the rate changes after epochs or after steps.")

    @property
    def needs_risk(self) -> bool:
        """Whether the factor depends on the training risk, which is then computed after every epoch."""
        return False

    @property
    def undoes_rises(self) -> bool:
        """Whether an epoch after which the training risk is higher than before is undone; it counts all the same."""
        return False


ScheduleT = TypeVar("ScheduleT", bound=ScheduleSettings, default=ScheduleSettings)


class Schedule(Protocol[ScheduleT]):
    """A schedule of the learning rate."""

    @property
    def Settings(self) -> type[ScheduleT]:
        """The keys below `optimizer.schedule` in a sweep file, with `name`, the name of the file."""

    def factor(self, settings: ScheduleT, time: Time, risks: Risks, /) -> Factors:
        """What the learning rate is multiplied by at each step of an epoch, one number for each of `time.done`."""


SCHEDULES: Kind[Schedule] = Kind("schedule", "workers.schedules", Schedule)
