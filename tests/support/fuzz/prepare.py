"""Records the stores that the fuzzer changes: each of a sweep that is half done, with every kind of file that there is.

<sweep>.yaml, claims/     the sweep files
whole/<sweep>             a store: records, checkpoints, weights, code, a kept sweep, leases, progress, figures
whole/<sweep>.tar         its archive
rows/<sweep>              what an undisturbed launch records
rows/<sweep>.tar          what the archive holds
"""

import contextlib
import json
import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from orchestrator.execution.store import keep_code
from orchestrator.execution.store.keep_sweep import keep_sweep
from orchestrator.results.build import build, plain
from orchestrator.results.write import figure_folder
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.fuzz import json_trees
from tests.support.fuzz.sweeps import FILES, MEASURED, RECORDED
from tests.support.fuzz.ways_to_run import in_process
from tests.support.stores import compare_records
from tracking.records import layout, live_progress
from tracking.records.leases import lease
from tracking.records.leases.lease_file import Owner, head
from tracking.records.leases.process_identity import born, machine
from tracking.records.ledger import Ledger
from tracking.records.live_progress import LiveProgress, RunningBundle
from tracking.records.store import Store
from workers.bundle import together
from workers.run_bundle import work
from workers.trial import Trial

LARGE = ("*.png", "*.svg", "*.pdf", "*.html")  # figures, which no command reads
RUNS_FOR_EVER = 1  # the id of a process that is always there


def prepare(folder: Path, database: Path | None) -> None:
    """Writes all of it into a new folder. database: an empty one of MLflow's, which takes seconds to make; without it,
    one is made that shows the records."""
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
    """What a launch, a killed worker and a launch that gives no sign of life leave; then what there is once all is
    done. It is what a launch does, but for the parts that take seconds: Ray, figures, and MLflow."""
    runs, whole, archive = folder / "runs", folder / "whole" / name, folder / "whole" / f"{name}.tar"
    store, trials = Store("runs"), expand(sweep := read(f"{name}.yaml"))
    claimed = lease.acquire(store.files, name, frozenset(t.id for t in trials), print)
    with claimed, sweep.files.active(), keep_sweep(sweep, trials, store, 2) as kept:
        keep_code.keep(store, trials)
        _work(store, trials[:2])
        results = build(sweep, trials, Ledger.read(store))
        (figure_folder(sweep, store) / layout.CLAIMS).write_text(json.dumps(plain(results.verdicts), default=str))
        kept.verdicts = results.verdicts
    _begin(store, trials[2:])
    (runs / "code").mkdir(exist_ok=True)
    (runs / "code/0a.zip").write_text("files")
    if database:
        shutil.copy(database, runs / layout.MLFLOW_DATABASE)
    else:
        _must(("sync", f"{name}.yaml"))
    shutil.copytree(runs, whole, ignore=shutil.ignore_patterns(layout.MLFLOW_ARTIFACTS, *LARGE))
    _claim(Store(str(whole)), name, trials[3:])
    _must(("pack", name, str(archive)))
    _work(store, trials[2:])
    (folder / "rows" / name).write_bytes(compare_records.dump(runs))
    shutil.rmtree(runs)
    _must(("unpack", str(archive)))
    (folder / "rows" / f"{name}.tar").write_bytes(compare_records.dump(runs))
    shutil.rmtree(runs)


def _work(store: Store, trials: Sequence[Trial]) -> None:
    """Runs what is left of a bundle."""
    for _ in work(store, together(trials), "cpu"):
        pass


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
