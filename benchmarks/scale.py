"""What a sweep of 100,000 trials costs everything but training: time, peak memory and disk of every command.

    python -m benchmarks.scale [--trials 100000] [--epochs 70] [--mirrored 5000] [--folder /tmp] [--out scale.json]

The numbers are made up, their records are real: bundles as a launch packs them, each written by the store's own writer
in the commits of a bundle that takes some seconds. Every command then runs in a process of its own, as a user runs it.
MLflow is measured on a part of the same trials (`--mirrored`), in a database of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results_file import keep
from orchestrator.planning.bundling import MAX_MODELS, pack_missing
from orchestrator.planning.plan import Plan
from orchestrator.planning.resources import Resources
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tracking.records.manifests.manifest import TrialEntry
from tracking.records.provenance import DataUsed
from tracking.records.rows import Outcome, Row
from tracking.records.store import Store
from tracking.records.writer import Writer
from workers.runtime import provenance
from workers.trial import SCHEMA_VERSION, Trial

WIDTHS, RATES = 20, 5
COMMITS = 4  # of a bundle
SWEEP = """
title: Numbers that were never measured
experiment: network
fixed:
  data: {{name: digits, train_size: 1000}}
  net: {{name: convnet, depth: 3}}
  optimizer: {{name: sgd, batch_size: 20}}
  epochs: {epochs}
vary:
  net.width: {widths}
  optimizer.learning_rate: {rates}
  seed: {{count: {seeds}}}
measure: [error, risk]
curves:
  - {{name: widths, x: net.width, y: error, split: [train, test], band: ci95}}
  - {{name: best, x: net.width, y: risk, split: [test], at: [last, best], band: iqr}}
  - {{name: epochs, x: step, y: error, split: [test], band: ci95}}
"""
SERIES = [(split, measure) for split in ("train", "test") for measure in ("error", "risk")]


def spec(folder: Path, name: str, trials: int, epochs: int) -> Path:
    """A sweep file for so many trials; fewer seeds are some of the same trials."""
    widths, rates = [2 + 2 * i for i in range(WIDTHS)], [round(0.01 * 2**i, 3) for i in range(RATES)]
    path = folder / f"{name}.yaml"
    path.write_text(SWEEP.format(epochs=epochs, widths=widths, rates=rates, seeds=trials // (WIDTHS * RATES)))
    return path


def record(store: Store, trials: Sequence[Trial], epochs: int) -> dict[str, float]:
    """Writes the records of all trials, as bundles do; returns how long it took and how many rows there are."""
    start, processor, rows = time.monotonic(), time.process_time(), 0
    about = replace(provenance.of("cpu"), data=DataUsed("none", "digits"))
    plan = Plan(tuple(trials), {}, tuple(trials), (), ())
    bundles = pack_missing(plan, Resources(os.cpu_count() or 1, None, "cpu"))
    for bundle in bundles:
        begun = [TrialEntry(t.id, t.cell, t.plain) for t in bundle.trials]
        writer = Writer.begin(
            store, bundle.id, bundle.trials[0].experiment, begun, about, schema=SCHEMA_VERSION, sources=bundle.sources,
            observed=bundle.observed,
        )  # fmt: skip
        for steps in np.array_split(np.arange(epochs + 1), COMMITS):
            new = [row for t in bundle.trials for row in _rows(t, steps)]
            last = int(steps[-1])
            ended = {t.id: Outcome("finished", last, "epochs done") for t in bundle.trials} if last == epochs else {}
            writer.add(new, ended)
            writer.commit(last, None if ended else b"weights")
            rows += len(new)
    return {"bundles": len(bundles), "rows": rows, "s": time.monotonic() - start,
            "processor_s": time.process_time() - processor}  # fmt: skip


def recorded(root: Path, file: Path, epochs: int) -> dict[str, float]:
    """`record`, for a sweep file."""
    return record(Store(str(root)), expand(read(str(file))), epochs)


def _rows(trial: Trial, steps: Any) -> list[Row]:
    """Falls like a power of the epoch, with noise of the trial's own."""
    noise = np.random.default_rng(int(trial.id[:8], 16)).random((len(steps), len(SERIES)))
    values = (0.9 + 0.2 * noise) / (1.0 + steps[:, None]) ** 0.5
    return [
        Row(trial.id, int(step), split, measure, "", float(value))
        for step, line in zip(steps, values, strict=True)
        for (split, measure), value in zip(SERIES, line, strict=True)
    ]


def timed(*arguments: str) -> dict[str, float]:
    """Seconds, those of them on a processor, and peak memory of a command. Raises RuntimeError when it fails."""
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        command = [sys.executable, "-m", "orchestrator.cli", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{arguments} ended with {process.returncode}: {said.read()[-2000:]}")
    wall = time.monotonic() - start
    return {"s": wall, "processor_s": used.ru_utime + used.ru_stime, "peak_mib": used.ru_maxrss / 1024}


def size(folder: Path) -> dict[str, float]:
    """Files and MiB below a folder."""
    found = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return {"files": len(found), "mib": sum(found) / 2**20}


def measure(folder: Path, trials: int, epochs: int, mirrored: int) -> dict[str, Any]:
    """Everything, in this order; what is recorded stays in the folder."""
    root, whole = folder / "runs", spec(folder, "whole", trials, epochs)
    about: dict[str, Any] = {"trials": trials, "epochs": epochs, "models in a bundle": MAX_MODELS}
    store = ("--store", str(root), "--json")
    about["plan, nothing recorded"] = timed("plan", str(whole), *store)
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:  # what starts a command lends it its peak memory
        about["record"] = apart.submit(recorded, root, whole, epochs).result()
    about["records"] = size(root / "records")
    for command in ("plan", "status", "verify", "curves"):
        about[command] = timed(command, str(whole), *store)
        print(json.dumps({command: about[command]}), file=sys.stderr)
    part, database = spec(folder, "part", mirrored, epochs), folder / "mlflow.db"
    for again in ("sync", "sync again"):
        about[again] = timed("sync", str(part), *store, "--tracking-uri", f"sqlite:///{database}")
    about["launch, nothing to do"] = timed("launch", str(part), *store, "--tracking-uri", f"sqlite:///{database}")
    about["mirrored"] = {"trials": mirrored, "mib": database.stat().st_size / 2**20}
    return about


def main() -> None:
    """Parses, measures, prints and keeps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--epochs", type=int, default=70)
    parser.add_argument("--mirrored", type=int, default=5_000)
    parser.add_argument("--folder", default=None)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = measure(Path(folder), given.trials, given.epochs, given.mirrored)
    print(keep(found, given.out))


if __name__ == "__main__":
    main()
