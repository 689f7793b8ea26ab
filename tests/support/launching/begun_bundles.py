"""Bundles begun in a store, and rows to commit to them."""

from tests.support.networks import small_trials
from tracking.records.manifests.manifest import TrialEntry
from tracking.records.provenance import DataUsed, Provenance
from tracking.records.rows import Row
from tracking.records.store import Store
from tracking.records.writer import Writer

HERE = Provenance(device="here", data=DataUsed("d"))


def row(trial: TrialEntry, step: int, value: float = 0.5) -> Row:
    return Row(trial.id, step, "test", "error", "", value)


def begin(store: Store, bundle: str, *seeds: int) -> tuple[Writer, list[TrialEntry]]:
    made = small_trials.entries(small_trials.trial(seed) for seed in seeds)
    return Writer.begin(store, bundle, "network", made, HERE), made
