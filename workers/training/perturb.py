"""Perturbs the models of a bundle, each by its own settings and at its own epochs.

M models.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workers.plugins import PERTURBATIONS
from workers.runtime import seeds
from workers.trial import Trial

if TYPE_CHECKING:
    from torch import Tensor

    from workers.interfaces.networks.engine import Engine
    from workers.interfaces.snapshot import Snapshot
    from workers.training.settings import Settings


class Perturbing:
    """The perturbations of one bundle: the number of each model's perturbations, and the epoch of the first."""

    def __init__(self, trials: "Sequence[Trial[Settings]]", engine: "Engine") -> None:
        self.trials, self.engine = trials, engine
        self.settings = [t.settings.perturbation for t in trials]
        self.modules = [PERTURBATIONS.load(s.name) for s in self.settings]
        self.first: list[int | None] = [None] * len(trials)
        self.count = [0] * len(trials)
        self.initial = {name: value.detach().cpu().clone() for name, value in engine.parameters().items()}

    @property
    def perturbed(self) -> list[bool]:
        """Which models are perturbed at all."""
        return [s.name != "none" for s in self.settings]

    def after(self, epoch: int, snapshot: "Snapshot", active: Sequence[bool]) -> None:
        """Perturbs the models that are due at the end of this epoch, in place."""
        due = [i for i, may in enumerate(self.perturbed) if may and active[i] and self._due(i, epoch, snapshot)]
        if due:
            state = self.engine.state()
            for i in due:
                self._one(i, epoch, state["parameters"])
            self.engine.load(state)

    def _due(self, i: int, epoch: int, snapshot: "Snapshot") -> bool:
        settings, module = self.settings[i], self.modules[i]
        reached = module.waits_for(settings).reached(snapshot)[i]
        return module.due(settings, epoch, reached, self.first[i], self.count[i])

    def _one(self, i: int, epoch: int, parameters: "dict[str, Tensor]") -> None:
        rng = seeds.torch_generator(self.trials[i].seed, "perturbation", self.count[i])
        now = {name: value[i] for name, value in parameters.items()}
        initial = {name: value[i] for name, value in self.initial.items()}
        for name, delta in self.modules[i].noise(self.settings[i], now, initial, rng).items():
            now[name] += delta
        self.first[i] = epoch if self.first[i] is None else self.first[i]
        self.count[i] += 1

    def state(self) -> dict[str, Any]:
        """The state to resume from: plain values and tensors."""
        return {"first": list(self.first), "count": list(self.count), "initial": self.initial}

    def load(self, state: dict[str, Any]) -> None:
        """Restores what `state` returned."""
        self.first, self.count, self.initial = list(state["first"]), list(state["count"]), state["initial"]
