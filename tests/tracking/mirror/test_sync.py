"""The mirror shows what is recorded, whatever happened to MLflow: real SQLite stores and a real server."""

import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tracking.common.errors import Refused, Unreachable
from tracking.mirror import sync as mirror
from tracking.mirror import tracking_uri
from tracking.mirror.background import Mirror
from tracking.mirror.payload import Parent, SweepInfo, curve_lines, kept, metric_key, run_name, text
from tracking.records.rows import Outcome, Row
from tracking.records.store import Recorded, Store, Writer

# MLflow 3.17 uses a loader strategy that the SQLAlchemy it allows (2.1) deprecates; nothing of ours.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")

SWEEP = SweepInfo("widths", "Error against width", "sweeps/widths.yaml", "abc123", ("net.width", "seed"))
WIDTHS, SEEDS, EPOCHS = (2, 16), (0, 1), 60
ABOUT = {
    "code": {"commit": "0123abc", "modified": False},
    "device": "cpu",
    "data": {"title": "handwritten digits", "digest": "d" * 64},
}


def trial(width: int, seed: int) -> dict[str, Any]:
    settings = {"net": {"name": "convnet", "width": width, "batch_norm": False}, "epochs": EPOCHS, "seed": seed}
    return {"id": f"w{width}s{seed}", "cell": f"w{width}", "settings": settings}


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
        writer.add([row for t in writer.manifest.trials for row in measured(t["id"], step)], {})
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
    lines = {"curve/error_test": {2: 0.5, 16: 0.25}, "curve/error_test_n": {2: n, 16: n}}
    return Parent("finished", "# Error against width", {"sweep.trials": "6"}, lines, {"figures": (root / "a.svg",)})


def everything(uri: str) -> dict[str, Any]:
    """All that MLflow shows of the sweep, without MLflow's own random run ids."""
    client = mirror.connect(uri)
    found = client.get_experiment_by_name(SWEEP.name)
    runs = client.search_runs([found.experiment_id], max_results=1000)
    top = [r.info.run_id for r in runs if "mlflow.parentRunId" not in r.data.tags]
    out: dict[str, Any] = {}
    for run in runs:
        of = run.data.tags
        tags = {k: "" if k in ("mlflow.parentRunId", "sweep.mirrored") else v for k, v in of.items()}
        metrics = [m for key in run.data.metrics for m in client.get_metric_history(run.info.run_id, key)]
        points = sorted((m.key, m.step, m.value, m.timestamp) for m in metrics)
        assert of.get("mlflow.parentRunId", top[0]) == top[0]
        info = (run.info.run_name, run.info.status, run.info.start_time, run.info.end_time)
        files = [f.path for f in client.list_artifacts(run.info.run_id, "figures")]
        assert of.get("sweep.trial_id", "") not in out, "two runs of one trial"
        out[of.get("sweep.trial_id", "")] = (info, run.data.params, tags, points, files, inputs(run))
    return out


def inputs(run: Any) -> list[tuple[str, str]]:
    return [(i.dataset.name, i.dataset.digest) for i in run.inputs.dataset_inputs]


def recorded(store: Store) -> list[Recorded]:
    return list(store.recorded().values())


def sync(store: Store, uri: str, about: Parent | None = None) -> mirror.SyncReport:
    return mirror.sync(SWEEP, recorded(store), store, uri, about)


def fresh(folder: Path) -> str:
    return f"sqlite:///{folder}/mlflow.db"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return records(tmp_path_factory.mktemp("records"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new database: making one takes seconds, so the tests start from copies."""
    folder = tmp_path_factory.mktemp("empty")
    mirror.prepare(fresh(folder))
    return folder / "mlflow.db"


@pytest.fixture
def uri(empty: Path, tmp_path: Path) -> str:
    (tmp_path / "mlflow.db").write_bytes(empty.read_bytes())
    return fresh(tmp_path)


@pytest.fixture(scope="module")
def truth(empty: Path, store: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a mirror made in one go shows."""
    folder = tmp_path_factory.mktemp("truth")
    (folder / "mlflow.db").write_bytes(empty.read_bytes())
    sync(store, fresh(folder), parent(folder / "figures"))
    return everything(fresh(folder))


def test_every_trial_is_a_run_with_its_settings_and_every_point_is_a_committed_row(
    store: Store, truth: dict[str, Any]
) -> None:
    assert set(truth) == {"", *(r.id for r in recorded(store))}
    rows = store.rows(recorded(store)).to_pandas()
    exact = {(r.trial, metric_key(r.measure, r.layer, r.split), r.step): r.value for r in rows.itertuples()}
    for id, (_, _, _, points, _, _) in truth.items():
        for key, step, value, _ in points:
            assert not id or key == "diverged_step" or exact[id, key, step] == value
    info, params, tags, points, _, _ = truth["w16s1"]
    assert info[:2] == ("width 16 · seed 1", "FINISHED")
    assert params == {
        "experiment": "network", "net.name": "convnet", "net.width": "16", "net.batch_norm": "false",
        "epochs": "60", "seed": "1",
    }  # fmt: skip
    assert (tags["sweep.trial_id"], tags["mlflow.source.git.commit"], tags["diverged"]) == ("w16s1", "0123abc", "false")
    assert {key for key, *_ in points} == {
        "error/train", "error/test", "risk/train", "risk/test", "norm/conv1", "norm/conv2", "norm/conv3", "norm/conv4",
        "norm_product", "parameters",
    }  # fmt: skip
    steps = [step for key, step, _, _ in points if key == "error/test"]
    assert len(steps) <= 50 and steps[0] == 0 and steps[-1] == EPOCHS - 1


def test_timestamps_are_those_of_the_commits(store: Store, truth: dict[str, Any]) -> None:
    found = store.recorded()["w2s0"]
    info, _, _, points, _, _ = truth["w2s0"]
    assert info[2:] == (found.started_ms, found.clock[-1][1])
    for _, step, _, ms in points:
        assert ms == next(when for last, when in found.clock if last >= step)


def test_parent_shows_curves_figures_data_and_note(truth: dict[str, Any]) -> None:
    info, _, tags, points, files, data = truth[""]
    assert info[:2] == ("widths", "FINISHED")
    assert [p[:3] for p in points if p[0] == "curve/error_test"] == [
        ("curve/error_test", 2, 0.5),
        ("curve/error_test", 16, 0.25),
    ]
    assert files == ["figures/a.svg"] and data == [("handwritten digits", "d" * 36)]
    assert tags["mlflow.note.content"] == "# Error against width"


def test_the_table_that_the_experiment_links_to_names_columns_that_exist(
    store: Store, uri: str, tmp_path: Path
) -> None:
    sync(store, uri, parent(tmp_path / "figures"))
    client = mirror.connect(uri)
    about = client.get_experiment("1").tags
    assert "viewStateShareKey=sweep" in about["mlflow.note.content"]
    view = json.loads(about["mlflow.sharedViewState.sweep"])
    trials = client.search_runs(["1"], view["searchFilter"], order_by=[view["orderByKey"]])
    errors = [t.data.metrics["error/test"] for t in trials]
    assert len(errors) == 6 and errors == sorted(errors)
    wanted = [column.replace("`", "").split(".", 1) for column in view["selectedColumns"]]
    assert ["params", "net.width"] in wanted and ["metrics", "error/test"] in wanted
    assert all(key in getattr(trials[0].data, kind) for kind, key in wanted)


def test_divergence_is_a_tag_and_a_step_and_never_a_number_that_is_not_finite(truth: dict[str, Any]) -> None:
    info, _, tags, points, _, _ = truth["w512s0"]
    assert (info[1], tags["diverged"], tags["sweep.reason"]) == ("FINISHED", "true", "risk is not finite")
    assert [p[1:3] for p in points if p[0] == "diverged_step"] == [(5, 5.0)]
    assert all(math.isfinite(value) and abs(value) < 1e300 for _, _, value, _ in points)
    assert max(step for key, step, _, _ in points if key == "risk/train") == 4
    assert truth["w512s1"][0][1] == "FAILED"


def test_a_second_sync_sends_nothing_and_changes_nothing(
    store: Store, truth: dict[str, Any], uri: str, tmp_path: Path
) -> None:
    first, second = (sync(store, uri, parent(tmp_path / "figures")) for _ in range(2))
    assert (first.runs_created, first.behind, first.problems) == (7, [], [])
    assert second == mirror.SyncReport(runs_unchanged=6)
    assert everything(uri) == truth


def test_a_lost_database_is_rebuilt_the_same_from_a_sync_that_died_anywhere(
    store: Store, truth: dict[str, Any], uri: str, tmp_path: Path
) -> None:
    half = recorded(store)[::2]
    mirror.sync(SWEEP, half, store, uri)
    client = mirror.connect(uri)
    (run,) = client.search_runs(["1"], "tags.`sweep.trial_id` = 'w2s0'")
    client.delete_tag(run.info.run_id, "sweep.sent")  # died after its points, before its last tags
    client.delete_tag(run.info.run_id, "sweep.mirrored")
    sync(store, uri, parent(tmp_path / "figures"))
    assert everything(uri) == truth


def test_runs_deleted_by_hand_come_back_and_a_deleted_experiment_too(
    store: Store, truth: dict[str, Any], uri: str, tmp_path: Path
) -> None:
    sync(store, uri, parent(tmp_path / "figures"))
    client = mirror.connect(uri)
    for id in ("w2s0", ""):
        of = f"tags.`sweep.trial_id` = '{id}'" if id else "tags.`sweep.role` = 'sweep'"
        (run,) = client.search_runs(["1"], of)
        client.delete_run(run.info.run_id)
    assert sync(store, uri, parent(tmp_path / "figures")).runs_created == 2
    assert everything(uri) == truth
    client.delete_experiment("1")
    sync(store, uri, parent(tmp_path / "figures"))
    client = mirror.connect(uri)
    assert client.get_experiment("1").lifecycle_stage == "active"


def test_of_two_runs_of_one_trial_the_oldest_stays(
    store: Store, truth: dict[str, Any], uri: str, tmp_path: Path
) -> None:
    """As a lost reply to `create_run`, or two launchers, would leave them."""
    sync(store, uri, parent(tmp_path / "figures"))
    client = mirror.connect(uri)
    for run in [r for r in client.search_runs(["1"]) if r.data.tags.get("sweep.trial_id", "w2s0") == "w2s0"]:
        client.create_run("1", run.info.start_time + 1, run.data.tags)
    report = sync(store, uri, parent(tmp_path / "figures"))
    assert (report.superseded, report.runs_created) == (2, 0)
    assert everything(uri) == truth


def test_two_syncs_at_once_leave_one_run_a_trial(store: Store, truth: dict[str, Any], uri: str, tmp_path: Path) -> None:
    about = parent(tmp_path / "figures")
    both = [threading.Thread(target=sync, args=(store, uri, about)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    sync(store, uri, about)
    assert everything(uri) == truth


def test_curves_that_change_replace_the_sweeps_run_and_its_children_follow(
    store: Store, uri: str, tmp_path: Path
) -> None:
    """MLflow cannot take a point back: without this, more seeds would draw two curves into one chart."""
    sync(store, uri, parent(tmp_path / "figures"))
    assert sync(store, uri, parent(tmp_path / "figures", n=5.0)).superseded == 1
    shown = [p[:3] for p in everything(uri)[""][3] if p[0] == "curve/error_test_n"]
    assert shown == [("curve/error_test_n", 2, 5.0), ("curve/error_test_n", 16, 5.0)]


def test_a_growing_trial_gets_each_point_once_and_ends_like_one_mirrored_late(empty: Path, tmp_path: Path) -> None:
    store, copies = Store(str(tmp_path)), [tmp_path / name for name in ("live", "after")]
    for copy in copies:
        copy.mkdir()
        (copy / "mlflow.db").write_bytes(empty.read_bytes())
    writer = Writer.begin(store, "b", "network", [trial(2, 0)], ABOUT)
    live, after = (fresh(copy) for copy in copies)
    sent = 0
    for start in range(0, EPOCHS, 20):
        done = {"w2s0": Outcome("finished", EPOCHS - 1, "epochs done")} if start + 20 == EPOCHS else {}
        train(writer, range(start, start + 20), done)
        sent += sync(store, live).points_sent
        assert everything(live)["w2s0"][0][1] == ("FINISHED" if done else "RUNNING")
    assert sync(store, after).points_sent == sent
    assert everything(live) == everything(after)


def test_thinning_keeps_what_was_sent_and_the_ends_and_stays_small() -> None:
    for count in (1, 2, 40, 70, 200, 1000, 10_000):
        live, final = kept(count, False), kept(count, True)
        assert live[0] and final[0] and final[-1]
        assert not (live & ~final).any()
        assert (kept(count + 1000, False)[:count] == live).all()
        assert final.sum() <= min(count, 16 + 4 * max(math.log2(count / 16), 0) + 33)
        assert np.diff(np.flatnonzero(final)).max(initial=0) <= math.ceil(count / 32)
    assert kept(0, True).sum() == 0


def test_curves_become_metrics_where_x_is_a_whole_number() -> None:
    common = {"low": 0.4, "high": math.nan, "n": 3}
    table = pd.DataFrame(
        [
            {"curve": "a", "line": "test, noise=0", "x": 260.0, "centre": 0.5, **common},
            {"curve": "a", "line": "test, noise=0", "x": 900.0, "centre": 0.25, **common},
            {"curve": "a", "line": "test, noise=0", "x": math.nan, "centre": math.nan, **common},
            {"curve": "b", "line": "test", "x": 0.5, "centre": 0.5, **common},
        ]
    )
    lines, left_out = curve_lines(table)
    assert left_out == ["b"]
    assert lines == {
        "curve_a/test noise 0": {260: 0.5, 900: 0.25},
        "curve_a: band/test noise 0 low": {260: 0.4, 900: 0.4},
        "curve_a: seeds/test noise 0 n": {260: 3.0, 900: 3.0},
    }


def test_what_mlflow_refuses_for_one_run_does_not_stop_the_others(store: Store, uri: str) -> None:
    sync(store, uri)
    changed = [replace(r, settings={**r.settings, "epochs": 61}) if r.id == "w2s0" else r for r in recorded(store)]
    again = [replace(r, reason="looked at again") for r in changed]
    report = mirror.sync(SWEEP, again, store, uri)
    assert report.behind == ["w2s0"] and "epochs" in report.problems[0] and report.runs_updated == 5


def test_names_and_values_are_made_fit_for_mlflow_visibly() -> None:
    settings = {"net.width": 16, "data.label_noise": 0.1, "seed": 3}
    assert run_name(settings, ("net.width", "data.label_noise")) == "width 16 · noise 0.1 · seed 3"
    assert run_name({"a.width": 1, "b.width": 2, "seed": 0}, ("a.width", "b.width")) == "a.width 1 · b.width 2 · seed 0"
    assert metric_key("norm[0]", "", "test") == "norm_0_/test"
    cut = text("x" * 7000, 6000)
    assert len(cut) == 6000 and cut.endswith("x... (7000 characters, all of them in the records)")


def test_a_folder_is_refused_as_tracking_uri_with_the_remedy(store: Store) -> None:
    for bad in ("mlruns", "file:///tmp/mlruns"):
        with pytest.raises(ValueError, match="sqlite:////absolute/path"):
            sync(store, bad)
    with pytest.raises(ValueError, match="open it in a browser"):
        tracking_uri.ui_command("http://somewhere:5000")


def test_the_new_database_is_complete_has_wal_and_is_made_once(tmp_path: Path) -> None:
    """Eight processes that open a new database at once would break it."""
    import sqlite3

    for left in ("mlflow.db.new", "mlflow.db.new-journal"):
        (tmp_path / left).write_bytes(b"of an attempt that was killed")
    code = f"from tracking.mirror import sync; sync.prepare('{fresh(tmp_path)}')"
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [p.wait() for p in both] == [0, 0]
    connection = sqlite3.connect(tmp_path / "mlflow.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert {p.name for p in tmp_path.iterdir()} <= {"mlflow.db", "mlflow.db.lock", "mlflow.db-wal", "mlflow.db-shm"}


def test_write_ahead_logging_is_for_local_disks(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/home {tmp_path} nfs4 rw 0 0\n")
    assert not tracking_uri.on_local_disk(tmp_path / "runs", mounts)
    assert tracking_uri.on_local_disk(tmp_path.parent, mounts)


class Server:
    """A real MLflow server, started by the very command of `sweep ui`."""

    def __init__(self, uri: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.backend, self.url = uri, f"http://127.0.0.1:{self.port}"
        self.log = open(Path(uri.removeprefix("sqlite:///")).with_name("server.log"), "a")  # noqa: SIM115
        self.start()

    def start(self) -> None:
        command, environment = tracking_uri.ui_command(self.backend, self.port)
        self.process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=self.log, stderr=self.log, start_new_session=True
        )
        patience = time.monotonic() + 60
        while not self.healthy():
            assert self.process.poll() is None and time.monotonic() < patience, Path(self.log.name).read_text()
            time.sleep(0.2)

    def healthy(self) -> bool:
        try:
            return bool(urllib.request.urlopen(f"{self.url}/health", timeout=5).status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        os.killpg(self.process.pid, 9)
        self.process.wait()


@pytest.fixture
def server(uri: str) -> Iterator[Server]:
    running = Server(uri)
    yield running
    running.kill()
    running.log.close()


def until(condition: Any, seconds: float = 60.0) -> None:
    patience = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < patience, "waited in vain"
        time.sleep(0.05)


@pytest.mark.slow
def test_behind_a_dead_server_the_mirror_says_so_and_catches_up(server: Server, empty: Path, tmp_path: Path) -> None:
    root = tmp_path / "records"
    store = Store(str(root))
    writer = Writer.begin(store, "b", "network", [trial(2, s) for s in SEEDS], ABOUT)
    ids = [f"w2s{s}" for s in SEEDS]
    train(writer, range(20))
    watching = Mirror(SWEEP, ids, store, server.url, every=0.2)
    until(lambda: watching._shown)
    server.kill()
    train(writer, range(20, EPOCHS), {id: Outcome("finished", EPOCHS - 1, "epochs done") for id in ids})
    until(lambda: watching.lag().error)
    assert watching.lag().trials == 2 and watching.lag().seconds > 0
    server.start()
    watching.offer(parent(tmp_path / "figures"))
    assert watching.close(60) == (0, 0.0, "")

    (tmp_path / "direct").mkdir()
    direct = fresh(tmp_path / "direct")
    (tmp_path / "direct" / "mlflow.db").write_bytes(empty.read_bytes())
    sync(store, direct, parent(tmp_path / "figures"))
    assert everything(server.url) == everything(direct)


def test_a_mirror_that_cannot_be_written_gives_up_in_time_and_raises_nothing(store: Store) -> None:
    watching = Mirror(SWEEP, [r.id for r in recorded(store)], store, "http://127.0.0.1:9", every=0.1)
    start = time.monotonic()
    lag = watching.close(1.0)
    assert lag.trials == 6 and time.monotonic() - start < 5


def test_what_nobody_works_on_is_shown_as_killed_and_goes_on_under_the_same_run(
    empty: Path, uri: str, tmp_path: Path
) -> None:
    """As a launch that was killed leaves it, then `sync`, then the next launch."""
    store = Store(str(tmp_path))
    writer = Writer.begin(store, "b", "network", [trial(2, 0)], ABOUT)
    train(writer, range(20))
    sync(store, uri)
    before = runs(uri)
    assert {status for status, _ in before.values()} == {"RUNNING"}
    mirror.sync(SWEEP, recorded(store), store, uri, None, at_work=())
    killed = everything(uri)
    assert {info[1] for info, *_ in killed.values()} == {"KILLED"}
    assert killed["w2s0"][2]["sweep.reason"] == "interrupted after step 19; `sweep launch` goes on"
    assert mirror.sync(SWEEP, recorded(store), store, uri, None, at_work=()).points_sent == 0
    sync(store, uri)
    assert {status for status, _ in runs(uri).values()} == {"RUNNING"}
    train(writer, range(20, EPOCHS), {"w2s0": Outcome("finished", EPOCHS - 1, "epochs done")})
    sync(store, uri, parent(tmp_path / "figures"))
    assert {id: run for id, (_, run) in runs(uri).items()} == {id: run for id, (_, run) in before.items()}

    (tmp_path / "direct").mkdir()
    (tmp_path / "direct" / "mlflow.db").write_bytes(empty.read_bytes())
    sync(store, fresh(tmp_path / "direct"), parent(tmp_path / "figures"))
    assert everything(uri) == everything(fresh(tmp_path / "direct"))


def runs(uri: str) -> dict[str, tuple[str, str]]:
    """Status and id of every run, by trial."""
    found = mirror.connect(uri).search_runs(["1"])
    return {r.data.tags.get("sweep.trial_id", ""): (r.info.status, r.info.run_id) for r in found}


def test_a_run_that_belongs_to_no_trial_any_more_does_not_run_for_ever(tmp_path: Path, uri: str) -> None:
    store = Store(str(tmp_path))
    train(Writer.begin(store, "b", "network", [trial(2, 0), trial(2, 1)], ABOUT), range(5))
    sync(store, uri)
    mirror.sync(SWEEP, [r for r in recorded(store) if r.id == "w2s1"], store, uri)
    assert {id: status for id, (status, _) in runs(uri).items()} == {"": "RUNNING", "w2s0": "KILLED", "w2s1": "RUNNING"}


def test_a_database_deleted_under_a_running_mirror_is_built_anew(
    store: Store, truth: dict[str, Any], uri: str, tmp_path: Path
) -> None:
    watching = Mirror(SWEEP, [r.id for r in recorded(store)], store, uri, every=0.2)
    watching.offer(parent(tmp_path / "figures"))
    until(lambda: watching._shown and watching._parent_shown)
    for file in tmp_path.glob("mlflow.db*"):
        file.unlink()
    until(lambda: (tmp_path / "mlflow.db").exists())
    assert watching.close(60) == (0, 0.0, "")
    assert everything(uri) == truth


FULL_ONCE = """
import resource, signal, sys
from tracking.mirror import sync as mirror
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    mirror.prepare(sys.argv[1])
    sys.exit("the disk was not full")
except Exception:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
mirror.prepare(sys.argv[1])
print(mirror.connect(sys.argv[1]).get_experiment("0").name)
"""


def test_after_a_full_disk_the_database_is_made_in_the_same_process(tmp_path: Path) -> None:
    """The failed attempt must leave neither files nor open connections that the next one would use."""
    done = subprocess.run([sys.executable, "-c", FULL_ONCE, fresh(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "Default"), done.stderr
    assert {p.name for p in tmp_path.iterdir()} <= {"mlflow.db", "mlflow.db.lock", "mlflow.db-wal", "mlflow.db-shm"}


def test_a_damaged_database_is_one_message_with_the_remedy(store: Store, uri: str, tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"SQLite format 3\x00" + b"\x00" * 5000)
    with pytest.raises(Unreachable, match=r"mlflow\.db.*remove it: it is built anew") as caught:
        sync(store, uri)
    assert len(str(caught.value)) < 700 and "\n" not in str(caught.value)


def test_a_password_in_an_address_is_never_shown(store: Store, tmp_path: Path) -> None:
    shown = tracking_uri.public("postgresql+psycopg2://me:hidden@127.0.0.1:9/mlflow")
    assert shown == "postgresql+psycopg2://127.0.0.1:9/mlflow"
    assert tracking_uri.public("sqlite:////a/b@c.db") == "sqlite:////a/b@c.db"
    with pytest.raises(Refused, match="must not hold a name or password") as error:
        Store("s3://key:hidden@bucket/runs")
    assert "hidden" not in str(error.value)
