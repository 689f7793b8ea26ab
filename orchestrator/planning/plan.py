"""What would run: which trials are done, which are missing, and what the missing ones cost. Starts nothing."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.planning.consistency import notes
from orchestrator.planning.pack import cost, on_cpu, pack
from tracking.records.manifest import ENDED, Manifest, TrialRecord
from tracking.records.store import Store
from workers.bundle import Bundle
from workers.trial import Trial


@dataclass(frozen=True)
class Plan:
    """A sweep held against the records: what is left `to_run` is in `bundles`, all else is recorded as ended."""

    trials: tuple[Trial, ...]
    recorded: dict[str, TrialRecord]
    to_run: tuple[Trial, ...]
    bundles: tuple[Bundle, ...]
    damaged: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def states(self) -> Counter[str]:
        """How many trials are in which state; "missing" for those of which nothing is recorded."""
        return Counter(self._state(t) for t in self.trials)

    @property
    def failed(self) -> dict[str, list[str]]:
        """The trials that failed, by the last line of their error."""
        found: dict[str, list[str]] = {}
        for t in self.trials:
            if self._state(t) == "failed":
                lines = self.recorded[t.id].reason.strip().splitlines() or ["no reason recorded"]
                found.setdefault(lines[-1], []).append(t.id)
        return found

    def _state(self, trial: Trial) -> str:
        return self.recorded[trial.id].state if trial.id in self.recorded else "missing"

    def summary(self) -> dict[str, Any]:
        """As plain values, for --json."""
        return {
            "trials": {"total": len(self.trials), "to_run": len(self.to_run), **dict(self.states)},
            "cells": len({t.cell for t in self.trials}),
            "bundles": [{"id": b.id, "models": len(b.trials)} for b in self.bundles],
            "operations": sum(cost(t) for t in self.to_run),
            "damaged": list(self.damaged),
            "notes": list(self.notes),
        }


def explained(trials: Sequence[Trial], store: Store, lanes: int) -> Plan:
    """A plan with notes on where the records come from, which take a look at all records of the store."""
    found = plan(trials, store, lanes)
    return replace(found, notes=tuple(notes(trials, found.recorded, store)))


def plan(
    trials: Sequence[Trial], store: Store, lanes: int, retry_failed: bool = False,
    limit: Callable[[Trial], int] = on_cpu,
) -> Plan:  # fmt: skip
    """Compares trials with the records and packs what is left into bundles for `lanes` workers at a time, none with
    more than `limit` trials."""
    recorded = store.recorded({t.id for t in trials})
    again = {id for id, r in recorded.items() if retry_failed and r.state == "failed"}
    left = [t for t in trials if t.id in again or not _ended(recorded, t)]
    begun = [] if not left else _begun(store, left, recorded)
    bundles = _bundles(trials, left, begun, lanes, limit)
    return Plan(tuple(trials), recorded, tuple(left), tuple(bundles), tuple(store.damaged()))


def _bundles(
    trials: Sequence[Trial], left: Sequence[Trial], begun: Sequence[Bundle], lanes: int, limit: Callable[[Trial], int]
) -> list[Bundle]:
    """What is left, in the bundles of a launch of everything as far as none of their trials is done or begun: a model's
    last bits depend on its bundle, and after a crash they must be those of a launch that nothing has disturbed."""
    if not left:
        return []
    open = {t.id for t in left} - {t.id for bundle in begun for t in bundle.trials}
    whole = [bundle for bundle in pack(trials, (), lanes, limit) if all(t.id in open for t in bundle.trials)]
    packed = {t.id for bundle in whole for t in bundle.trials}
    return [*whole, *pack([t for t in left if t.id not in packed], begun, lanes, limit)]


def _ended(recorded: dict[str, TrialRecord], trial: Trial) -> bool:
    return trial.id in recorded and recorded[trial.id].state in ENDED


def _begun(store: Store, left: Sequence[Trial], recorded: dict[str, TrialRecord]) -> list[Bundle]:
    """Interrupted bundles to be gone on with: all of their trials that have not ended are asked for."""
    wanted = {t.id for t in left}
    names = {recorded[t.id].bundle for t in left if t.id in recorded and recorded[t.id].state == "running"}
    found = []
    for name in sorted(names):
        manifest = store.manifest(name)
        open = {t.id for t in manifest.trials if not t.ended}
        if manifest.checkpoints and open <= wanted:
            found.append(_bundle(manifest))
    return found


def _bundle(manifest: Manifest) -> Bundle:
    return Bundle(manifest.bundle, tuple(Trial.of(manifest.experiment, t.settings) for t in manifest.trials))
