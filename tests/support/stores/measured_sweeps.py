"""Runs what lacks of a sweep in this process, and reads which rows count: for tests of what is measured when."""

import io
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from orchestrator.planning.bundling import pack_missing
from orchestrator.planning.measured_at_end import at_the_end
from orchestrator.planning.plan import Plan, compare
from orchestrator.planning.resources import Resources
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from orchestrator.spec.sweep import Sweep
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers import run_bundle

KEYS = ["trial", "step", "split", "measure", "layer"]
ONE_LANE = Resources(1, None, "cpu")


def sweep(folder: Path, text: str) -> Sweep:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "added.yaml").write_text(text)
    return read(str(folder / "added.yaml"))


def plan(found: Sweep, store: Store) -> Plan:
    trials = expand(found)
    return compare(trials, Ledger.read(store), at_the_end=at_the_end(found, trials))


def trained(found: Sweep, store: Store) -> None:
    """Runs everything that lacks."""
    for bundle in pack_missing(plan(found, store), ONE_LANE):
        list(run_bundle.work(store, bundle, "cpu"))


def begun(found: Sweep, store: Store, steps: int) -> None:
    """Runs what lacks for so many steps, or to its end where it has fewer, and commits."""
    for bundle in pack_missing(plan(found, store), ONE_LANE):
        running = run_bundle.work(store, bundle, "cpu")
        for _ in range(steps):
            next(running, None)
        running.close()


def counted(store: Store) -> pd.DataFrame:
    """The rows that count."""
    ledger = Ledger.read(store)
    table = ledger.rows(ledger.records.values()).to_pandas().astype({key: str for key in KEYS if key != "step"})
    return table.sort_values(KEYS, ignore_index=True)[[*KEYS, "value"]]


def twice(store: Store) -> list[Any]:
    """What is in more than one committed row of the files, whether it counts or not."""
    found = Counter[Any]()
    for manifest in Ledger.read(store).manifests.values():
        for segment in manifest.segments:
            table = pq.read_table(io.BytesIO(store.files.read(segment.name))).to_pandas()
            found.update(table[KEYS].itertuples(index=False, name=None))
    return [key for key, n in found.items() if n > 1]
