"""The learning rates of a bundle: of every model at every step of an epoch, by its own schedule.

M models, S steps of an epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workers.interfaces.schedule import SCHEDULES, Risks, Time

if TYPE_CHECKING:
    from jaxtyping import Bool, Float64

    from workers.training.settings import Settings


class Rates:
    """Learning rates by epoch; the risks of models whose schedule needs them are the only state."""

    def __init__(self, bundle: Sequence[Settings], examples: int) -> None:
        """examples: of each model, in an epoch."""
        self.optimizers = [s.optimizer for s in bundle]
        self.epochs, self.steps = bundle[0].epochs, bundle[0].optimizer.steps(examples)
        self.risks = [Risks()] * len(bundle)

    @property
    def need_risk(self) -> bool:
        """Whether `learn` has to be called before the first epoch and after every one."""
        return any(o.schedule.needs_risk for o in self.optimizers)

    @property
    def may_undo(self) -> bool:
        """Whether `learn` may ask for epochs to be undone."""
        return any(o.schedule.undoes_rises for o in self.optimizers)

    def learn(self, risks: Float64[NDArray[np.float64], " M"]) -> Bool[NDArray[np.bool_], " M"]:
        """Takes in each model's training risk after one more epoch, or before the first. Returns for which models the
        epoch has to be undone."""
        each = list(zip(self.optimizers, self.risks, risks.tolist(), strict=True))
        undone = [o.schedule.undoes_rises and known.rose(risk) for o, known, risk in each]
        self.risks = [known.after(risk, undo) for (_, known, risk), undo in zip(each, undone, strict=True)]
        return np.array(undone)

    def of(self, epoch: int) -> Float64[NDArray[np.float64], "M S"]:
        """The learning rates in this epoch, which is 1 for the first."""
        return np.stack([self._of(i, epoch - 1) for i in range(len(self.optimizers))])

    def before(self, epoch: int) -> int:
        """Steps taken before this epoch."""
        return (epoch - 1) * self.steps

    def _of(self, model: int, done: int) -> Float64[NDArray[np.float64], " S"]:
        optimizer = self.optimizers[model]
        schedule, parts = optimizer.schedule, np.arange(self.steps) / self.steps
        by_epoch = schedule.per == "epoch"
        time = Time(done + (0 * parts if by_epoch else parts), 1.0 if by_epoch else 1 / self.steps, float(self.epochs))
        return optimizer.learning_rate * SCHEDULES.load(schedule.name).factor(schedule, time, self.risks[model])

    def state(self) -> dict[str, Any]:
        """The state to resume from: plain values."""
        return {"risks": [asdict(risks) for risks in self.risks]}

    def load(self, state: dict[str, Any]) -> None:
        """Restores what `state` returned."""
        self.risks = [Risks(**risks) for risks in state["risks"]]
