"""Records of a small sweep, what MLflow should show of them, and what it does show: for the tests of the mirror.

Two bundles of finished trials, and one with a trial that diverges and one that fails.
"""

import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tracking.mirror import sync as mirror
from tracking.mirror.content.curve_runs import CurveLine
from tracking.mirror.content.data_sets import Stored
from tracking.mirror.content.notes import MIRRORED
from tracking.mirror.content.payload import Parent, SweepInfo
from tracking.mirror.database import artifacts
from tracking.mirror.runs import SyncReport
from tracking.mirror.tracking_uri import database
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialEntry, TrialRecord
from tracking.records.provenance import Code, DataUsed, Provenance
from tracking.records.rows import Outcome, Row
from tracking.records.store import Store
from tracking.records.writer import Writer

SWEEP = SweepInfo(
    "widths",
    "Error against width",
    "sweeps/widths.yaml",
    "abc123",
    ("net.width", "seed"),
    {"digits": Stored((8, 8, 1), "uint8")},
)
WIDTHS, SEEDS, EPOCHS = (2, 16), (0, 1), 60
ABOUT = Provenance(Code("0123abc"), device="cpu", data=DataUsed("d" * 64, "handwritten digits"))


def trial(width: int, seed: int) -> TrialEntry:
    net = {"name": "convnet", "width": width, "batch_norm": False}
    settings = {"data": {"name": "digits"}, "net": net, "epochs": EPOCHS, "seed": seed}
    return TrialEntry(f"w{width}s{seed}", f"w{width}", settings)


def measured(id: str, step: int) -> list[Row]:
    """Ten numbers a step, as the experiments yield them; each a function of trial, measure and step alone."""
    base = sum(map(ord, id)) / 1000
    splits = enumerate(("train", "test"), 1)
    both = [Row(id, step, split, m, "", base / (step + i)) for i, split in splits for m in ("error", "risk")]
    norms = [Row(id, step, "", "frobenius_norm", f"conv{k}", base * k + math.log1p(step)) for k in (1, 2, 3, 4)]
    return [*both, *norms, Row(id, step, "", "norm_product", "", base), Row(id, step, "", "parameters", "", 100.0)]


def train(writer: Writer, steps: range, ended: dict[str, Outcome] | None = None) -> None:
    """Commits these epochs, ten at a time; `ended` with the last."""
    for step in steps:
        writer.add([row for t in writer.manifest.trials for row in measured(t.id, step)], {})
        if step == steps[-1]:
            writer.add([], ended or {})
        if step % 10 == 9 or step == steps[-1]:
            writer.commit(step, b"weights")


def records(root: Path) -> Store:
    """Two bundles: one of finished trials, one with a trial that diverges and one that fails."""
    store = Store(str(root))
    for width in WIDTHS:
        writer = Writer.begin(store, f"b{width}", "network", [trial(width, s) for s in SEEDS], ABOUT)
        train(writer, range(EPOCHS), {f"w{width}s{s}": Outcome("finished", EPOCHS - 1, "epochs done") for s in SEEDS})
    writer = Writer.begin(store, "odd", "network", [trial(512, s) for s in SEEDS], ABOUT)
    train(writer, range(5))
    worst = [Row("w512s0", 5, "train", "risk", "", math.inf), Row("w512s0", 5, "test", "risk", "", math.nan)]
    ends = {"w512s0": Outcome("diverged", 5, "risk is not finite"), "w512s1": Outcome("failed", 4, "killed")}
    writer.add(worst, ends)
    writer.commit(5, None)
    return store


def parent(root: Path, n: float = 2.0) -> Parent:
    root.mkdir(exist_ok=True)
    (root / "a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    values = {"curve/error": {2: 0.5, 16: 0.25}, "curve_seeds/error n": {2: n, 16: n}}
    lines = (CurveLine("error", "test", values),)
    tags, files = {"sweep.trials": "6"}, {"figures": (root / "a.svg",)}
    texts = {"widths.yaml": "title: Error against width\n"}
    return Parent("finished", "# Error against width", tags, lines, frozenset({"error"}), files, texts)


def fresh(folder: Path) -> str:
    return f"sqlite:///{folder}/mlflow.db"


def sync(store: Store, uri: str, about: Parent | None = None) -> SyncReport:
    return mirror.sync(SWEEP, recorded(store), Ledger.read(store), uri, about)


def recorded(store: Store) -> list[TrialRecord]:
    return list(Ledger.read(store).records.values())


def everything(uri: str) -> dict[str, Any]:
    """All that MLflow shows of the sweep, without MLflow's own random run ids."""
    client = mirror.connect(uri)
    found = client.get_experiment_by_name(SWEEP.name)
    runs = client.search_runs([found.experiment_id], max_results=1000)
    top = [r.info.run_id for r in runs if "mlflow.parentRunId" not in r.data.tags]
    out: dict[str, Any] = {}
    for run in runs:
        of = run.data.tags
        tags = {k: "" if k in ("mlflow.parentRunId", MIRRORED) else v for k, v in of.items()}
        metrics = [m for key in run.data.metrics for m in client.get_metric_history(run.info.run_id, key)]
        points = sorted((m.key, m.step, m.value, m.timestamp) for m in metrics)
        assert of.get("mlflow.parentRunId", top[0]) == top[0]
        info = (run.info.run_name, run.info.status, run.info.start_time, run.info.end_time)
        key = of.get("sweep.trial_id", of.get("sweep.line", ""))
        assert key not in out, "two runs of one trial"
        out[key] = (info, run.data.params, tags, points, files(uri, run.info.run_id), inputs(run))
    return out


def files(uri: str, run: str) -> list[str]:
    """The artifacts of a run of an SQLite store, or of a server."""
    path = database(uri)
    if path is None:
        client = mirror.connect(uri)
        found = [f for folder in ("figures", None) for f in client.list_artifacts(run, folder)]
        return sorted(f.path for f in found if not f.is_dir)
    folder = artifacts.folder(path) / run / "artifacts"
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def inputs(run: Any) -> list[tuple[str, str]]:
    return [(i.dataset.name, i.dataset.digest) for i in run.inputs.dataset_inputs]


def runs(uri: str, which: str = "") -> dict[str, tuple[str, str]]:
    """Status and id of every run that MLflow's filter `which` finds, by trial ("" for the sweep's own)."""
    client = mirror.connect(uri)
    experiment = client.get_experiment_by_name(SWEEP.name)
    if experiment is None:
        return {}
    found = client.search_runs([experiment.experiment_id], which)
    trials = [r for r in found if r.data.tags["sweep.role"] != "curve"]
    return {r.data.tags.get("sweep.trial_id", ""): (r.info.status, r.info.run_id) for r in trials}


def ended(database: Path) -> int:
    """How many runs of an SQLite store have ended, seen without a connection of MLflow."""
    with closing(sqlite3.connect(database)) as db:
        return int(db.execute("select count(*) from runs where end_time is not null").fetchone()[0])
