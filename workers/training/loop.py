"""The training loop of one bundle: epochs, measures, perturbations, and which models have diverged or finished.

M models, N training examples of a model.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tracking.common.errors import Damaged
from tracking.records.provenance import About, Spent
from tracking.records.rows import Outcome, Progress, Row
from workers.runtime import checkpoint
from workers.runtime.trained_weights import Trained, dump
from workers.training.examples.orders import Orders
from workers.training.measured_rows import measured
from workers.training.perturb import Perturbing
from workers.training.rates import Rates
from workers.trial import Trial

if TYPE_CHECKING:
    from jaxtyping import Bool, Int64

    from workers.interfaces.networks.engine import Engine, State
    from workers.interfaces.networks.functions import Functions
    from workers.interfaces.snapshot import Snapshot
    from workers.training.settings import Settings


class Training:
    """One bundle in training: the epoch that it has reached, and which of its models still train."""

    def __init__(self, trials: Sequence[Trial[Settings]], engine: Engine, functions: Functions, about: About) -> None:
        self.trials, self.engine, self.functions, self.about = trials, engine, functions, about
        self.examples = functions.size("train")  # of each model
        self.visits = 0
        self.spent = Spent(0.0, 0.0, 0)  # since this process began
        self.settings, self.once = trials[0].settings, trials[0].once
        self.along = [name for name in self.settings.measure if name not in self.once]
        self.epoch = -1  # the last epoch that is done and measured; 0 is the initial network
        self.active = np.ones(len(trials), dtype=bool)
        self.perturbing = Perturbing(trials, engine)
        self.rates = Rates([t.settings for t in trials], self.examples)
        shuffled = self.settings.optimizer.name != "gd"
        self.orders = Orders([t.seed for t in trials], self.examples, shuffled, self.settings.epochs)

    def go_on(self) -> Iterator[Progress]:
        """Trains from the present epoch to the last; yields a report after each epoch that is measured."""
        if self.epoch < 0:
            yield self._measured(0)
        evaluations = self.settings.evaluations
        for epoch in range(self.epoch + 1, self.settings.epochs + 1):
            if not self.active.any():
                return
            self._train(epoch)
            if epoch in evaluations:
                yield self._measured(epoch)
            else:
                self.epoch = epoch

    def _train(self, epoch: int) -> None:
        start, visits = time.monotonic(), int(self.active.sum()) * self.examples
        rates, before = self.rates.of(epoch), self.rates.before(epoch)
        initial = self.engine.state() if self.rates.may_undo else {}
        self.engine.epoch(self.orders.of(epoch), self.active, rates, before, self._moves(epoch))
        if self.rates.need_risk:
            self._learn_risk(initial)
        self.visits += visits
        training = self.spent.training + time.monotonic() - start
        self.spent = replace(self.spent, training=training, visits=self.spent.visits + visits)

    def _moves(self, epoch: int) -> Int64[NDArray[np.int64], "M N 3"] | None:
        """How the examples of every model are augmented in this epoch."""
        from workers.training.examples import augment

        if not (how := self.settings.data.augment):
            return None
        return np.stack([augment.drawn(how, t.seed, epoch, self.examples) for t in self.trials])

    def _measured(self, epoch: int) -> Progress:
        from workers.interfaces.snapshot import Snapshot

        start = time.monotonic()
        snapshot = Snapshot(self.engine, self.functions)
        shown = self.active.copy()
        rows = measured(snapshot, self.along, [t.id for t in self.trials], np.where(shown, epoch, -1).tolist())
        if epoch == 0 and self.rates.need_risk:
            self.rates.learn(snapshot.totals("train")[1].cpu().numpy())
        ended = self._ended(epoch, snapshot)
        rows += self._measured_once(epoch, ended)
        rows += self._perturbed(epoch, snapshot, shown)
        self.epoch, visits, self.visits = epoch, self.visits, 0
        self.spent = replace(self.spent, evaluation=self.spent.evaluation + time.monotonic() - start)
        spent = Spent(round(self.spent.training, 3), round(self.spent.evaluation, 3), self.spent.visits)
        weights = self._weights if self.settings.keep_weights else None
        return Progress(epoch, rows, ended, self.state, replace(self.about, spent=spent), visits, weights)

    def _measured_once(self, epoch: int, ended: Collection[str]) -> list[Row]:
        """Rows of the measures that are taken once, of the models that end here."""
        from workers.interfaces.snapshot import Snapshot

        if not (self.once and ended):
            return []
        models = [i for i, trial in enumerate(self.trials) if trial.id in ended]
        snapshot = Snapshot(self.engine, self.functions, models)
        return measured(snapshot, self.once, [self.trials[i].id for i in models], [epoch] * len(models))

    def _learn_risk(self, before: State) -> None:
        """Lets the schedules know the risk after an epoch. before: the engine's state before it, for models whose epoch
        is undone."""
        undone = self.rates.learn(self.engine.totals("train")[1].cpu().numpy()) & self.active
        if undone.any():
            now = self.engine.state()
            for part, tensors in now.items():
                for name, value in tensors.items():
                    value[undone] = before[part][name][undone]
            self.engine.load(now)

    def _perturbed(self, epoch: int, snapshot: Snapshot, shown: Bool[NDArray[np.bool_], " M"]) -> list[Row]:
        """Perturbs the models that are due after this epoch and go on; rows of how often each was perturbed before."""
        before = list(self.perturbing.count)
        if epoch < self.settings.epochs:
            self.perturbing.after(epoch, snapshot, self.active.tolist())
        counted = zip(self.trials, before, shown & self.perturbing.perturbed, strict=True)
        return [Row(t.id, epoch, "", "perturbations", "", float(n)) for t, n, a in counted if a]

    def _ended(self, epoch: int, snapshot: Snapshot) -> dict[str, Outcome]:
        """Outcomes of the models that end here; they stay as they are while the others train."""
        from workers.interfaces.networks.divergence import DIVERGED

        ended = {}
        for i, (trial, diverged) in enumerate(zip(self.trials, snapshot.diverged(), strict=True)):
            until = trial.settings.until
            if not self.active[i]:
                continue
            if diverged:
                ended[trial.id] = Outcome("diverged", epoch, DIVERGED)
            elif until and until.reached(snapshot)[i]:
                ended[trial.id] = Outcome("finished", epoch, f"{until}")
            elif epoch == self.settings.epochs:
                ended[trial.id] = Outcome("finished", epoch, "all epochs done")
        self.active &= [t.id not in ended for t in self.trials]
        return ended

    def state(self) -> dict[str, Any]:
        parts = {"engine": self.engine.state(), "perturbing": self.perturbing.state(), "rates": self.rates.state()}
        return {"epoch": self.epoch, "active": self.active.tolist(), **parts}

    def _weights(self) -> bytes:
        state = self.engine.state()
        return dump(Trained(tuple(t.id for t in self.trials), state["parameters"], state["buffers"]))

    def load(self, state: dict[str, Any]) -> None:
        """Goes on from a state of this bundle. Raises Damaged for anything else."""
        checkpoint.check_form(state, self.state())
        if type(state["epoch"]) is not int or not 0 <= state["epoch"] <= self.settings.epochs:
            raise Damaged(f"holds {state['epoch']!r:.40} as state.epoch and not one of 0 to {self.settings.epochs}")
        self.epoch, self.active = state["epoch"], np.array(state["active"], dtype=bool)
        self.engine.load(state["engine"])
        self.perturbing.load(state["perturbing"])
        self.rates.load(state["rates"])
