"""Records the stores that the fuzzer changes: each of a sweep that is half done, with every kind of file that there is.

<sweep>.yaml, claims/     the sweep files
whole/<sweep>             a store: records, checkpoints, weights, code, a kept sweep, leases, progress, figures
whole/<sweep>.tar         its archive
rows/<sweep>              what an undisturbed launch records
rows/<sweep>.tar          what the archive holds
"""

import contextlib
import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.fuzz import json_trees
from tests.support.fuzz.sweeps import FILES, MEASURED, RECORDED
from tests.support.fuzz.ways_to_run import in_process
from tests.support.stores import compare_records
from tracking.records import layout, live_progress
from tracking.records.leases.lease_file import Owner, head
from tracking.records.leases.process_identity import born, machine
from tracking.records.live_progress import LiveProgress, RunningBundle
from tracking.records.store import Store
from workers.bundle import together
from workers.run_bundle import work
from workers.trial import Trial

LARGE = (".png", ".svg", ".pdf", ".html")  # figures, which no command reads
RUNS_FOR_EVER = 1  # the id of a process that is always there


def prepare(folder: Path, database: Path | None) -> None:
    """Writes all of it into a new folder. database: an empty one of MLflow's, which takes seconds to make."""
    write_files(folder)
    (folder / "rows").mkdir()
    before = Path.cwd()
    os.chdir(folder)
    try:
        for name in RECORDED:
            _record(folder, name, database)
    finally:
        os.chdir(before)


def write_files(folder: Path) -> None:
    """The sweep files, and the Python files beside them."""
    texts = {f"{name}.yaml": json_trees.text(content) for name, content in {**RECORDED, "measured": MEASURED}.items()}
    for name, text in {**texts, **FILES}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _record(folder: Path, name: str, database: Path | None) -> None:
    runs, whole = folder / "runs", folder / "whole" / name
    if database:
        runs.mkdir()
        shutil.copy(database, runs / "mlflow.db")
    _must(("launch", f"{name}.yaml", "--local", "--limit", "2"))
    trials = expand(read(f"{name}.yaml"))
    _begin(Store("runs"), trials[2:])
    _claim(Store("runs"), name, trials[3:])
    (runs / "code").mkdir(exist_ok=True)
    (runs / "code/0a.zip").write_text("files")
    for path in (runs / "figures").rglob("*"):
        if path.suffix in LARGE:
            path.unlink()
    shutil.rmtree(runs / "mlartifacts", ignore_errors=True)
    shutil.copytree(runs, whole)
    archive = folder / "whole" / f"{name}.tar"
    shutil.rmtree(runs / "leases")
    _must(("pack", name, str(archive)))
    _must(("launch", f"{name}.yaml", "--local"))
    (folder / "rows" / name).write_bytes(compare_records.dump(runs))
    shutil.rmtree(runs)
    _must(("unpack", str(archive)))
    (folder / "rows" / f"{name}.tar").write_bytes(compare_records.dump(runs))
    shutil.rmtree(runs)


def _must(arguments: tuple[str, ...]) -> None:
    ended = in_process(arguments)
    assert ended.code in (0, 1), f"{arguments} ended with {ended.code}: {ended.err}"


def _begin(store: Store, trials: Sequence[Trial]) -> None:
    """Runs a bundle until it has reported once, and has committed with a checkpoint."""
    with contextlib.closing(work(store, together(trials), "cpu")) as reports:
        next(reports)


def _claim(store: Store, sweep: str, trials: Sequence[Trial]) -> None:
    """The lease of a launch that gives no sign of life, of a process that runs, and how far it said that it is."""
    owner = Owner(
        host=platform.node(), machine=machine(), pid=RUNS_FOR_EVER, born=born(RUNS_FOR_EVER), since_ms=1, sweep=sweep,
        trials=tuple(t.id for t in trials),
    )  # fmt: skip
    number = 1 + max(layout.lease_number(name) for name in store.files.names(layout.LEASES, layout.LEASE))
    store.files.write(layout.lease(number), head(7) + owner.model_dump_json().encode())
    one = RunningBundle(which="seed 1", models=1, step=1, steps=3, train_error=0.5)
    now = LiveProgress(at_ms=1, done=0.5, summary="2 of 4", left_s=3.0, running=(one,))
    live_progress.write(store.files, number, now)
