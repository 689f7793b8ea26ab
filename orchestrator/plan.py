"""What would run: which trials are done, which are missing, and what the missing ones cost. Starts nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.bundle import cost, pack
from tracking.store import ENDED, Damaged, Manifest, Recorded, Store
from workers.trial import Trial
from workers.work import Bundle

FLOPS_PER_S = 8e10  # of one core with the compiled kernels, roughly: only for the estimate that is shown


@dataclass(frozen=True)
class Plan:
    """A sweep held against the records: what is left `to_run` is in `bundles`, all else is recorded as ended."""

    trials: tuple[Trial, ...]
    recorded: dict[str, Recorded]
    to_run: tuple[Trial, ...]
    bundles: tuple[Bundle, ...]
    damaged: tuple[str, ...]

    @property
    def states(self) -> Counter[str]:
        """How many trials are in which state; "missing" for those of which nothing is recorded."""
        return Counter(self._state(t) for t in self.trials)

    @property
    def failures(self) -> dict[str, int]:
        """How many trials failed, by the last line of their error."""
        failed = [self.recorded[t.id].reason for t in self.trials if self._state(t) == "failed"]
        return dict(Counter((reason.strip().splitlines() or ["no reason recorded"])[-1] for reason in failed))

    def _state(self, trial: Trial) -> str:
        return self.recorded[trial.id].state if trial.id in self.recorded else "missing"

    def summary(self) -> dict[str, Any]:
        """As plain values, for --json."""
        flops = sum(cost(t) for t in self.to_run)
        return {
            "trials": {"total": len(self.trials), "to_run": len(self.to_run), **dict(self.states)},
            "cells": len({t.cell for t in self.trials}),
            "bundles": [{"id": b.id, "models": len(b.trials)} for b in self.bundles],
            "cost": {"operations": flops, "core_seconds": flops / FLOPS_PER_S},
            "damaged": list(self.damaged),
        }


def plan(trials: Sequence[Trial], store: Store, lanes: int, retry_failed: bool = False) -> Plan:
    """Compares trials with the records and packs what is left into bundles for `lanes` workers at a time."""
    recorded = store.recorded({t.id for t in trials})
    again = {id for id, r in recorded.items() if retry_failed and r.state == "failed"}
    left = [t for t in trials if t.id in again or not _ended(recorded, t)]
    begun = [] if not left else _begun(store, left, recorded)
    return Plan(tuple(trials), recorded, tuple(left), tuple(pack(left, begun, lanes)), tuple(store.damaged()))


def _ended(recorded: dict[str, Recorded], trial: Trial) -> bool:
    return trial.id in recorded and recorded[trial.id].state in ENDED


def _begun(store: Store, left: Sequence[Trial], recorded: dict[str, Recorded]) -> list[Bundle]:
    """Interrupted bundles among the trials that are left, to be gone on with."""
    names = {recorded[t.id].bundle for t in left if t.id in recorded and recorded[t.id].state == "running"}
    found = []
    for name in sorted(names):
        manifest = store.manifest(name)
        if isinstance(manifest, Damaged) or not manifest.checkpoints:
            continue
        found.append(_bundle(manifest))
    return found


def _bundle(manifest: Manifest) -> Bundle:
    return Bundle(manifest.bundle, tuple(Trial.of(manifest.experiment, t["settings"]) for t in manifest.trials))
