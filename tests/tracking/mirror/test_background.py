"""The thread that mirrors while trials are trained: behind a dead server, over a deleted database, without a server."""

import fcntl
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.launching.waiting import HANG_S, until
from tests.support.services.mlflow_server import Server
from tests.support.stores.mirrored_sweep import (
    ABOUT,
    EPOCHS,
    SEEDS,
    SWEEP,
    ended,
    everything,
    fresh,
    parent,
    recorded,
    runs,
    sync,
    train,
    trial,
)
from tracking.mirror.background import Mirror
from tracking.records.ledger import Ledger
from tracking.records.rows import Outcome
from tracking.records.store import Store
from tracking.records.writer import Writer

SENT = "tags.`mlflow.sweep.mirrored` != ''"  # a run's last tag


@pytest.mark.slow
def test_behind_a_dead_server_the_mirror_says_so_and_catches_up(server: Server, empty: Path, tmp_path: Path) -> None:
    root = tmp_path / "records"
    store = Store(str(root))
    writer = Writer.begin(store, "b", "network", [trial(2, s) for s in SEEDS], ABOUT)
    ids = [f"w2s{s}" for s in SEEDS]
    train(writer, range(20))
    watching = Mirror(SWEEP, ids, Ledger.read(store), server.url, every=0.2)
    until(lambda: runs(server.url, SENT).keys() == set(ids), "the runs of both trials")
    server.kill()
    train(writer, range(20, EPOCHS), {id: Outcome("finished", EPOCHS - 1, "epochs done") for id in ids})
    until(lambda: watching.lag().error, "the mirror to notice")
    assert watching.lag().trials == 2 and watching.lag().seconds > 0
    server.start()
    watching.offer(parent(tmp_path / "figures"), Ledger.read(store))
    assert watching.close(HANG_S) == (0, 0.0, "")

    (tmp_path / "direct").mkdir()
    direct = fresh(tmp_path / "direct")
    (tmp_path / "direct" / "mlflow.db").write_bytes(empty.read_bytes())
    sync(store, direct, parent(tmp_path / "figures"))
    assert everything(server.url) == everything(direct)


def test_a_mirror_that_cannot_be_written_gives_up_in_time_and_raises_nothing(store: Store) -> None:
    watching = Mirror(SWEEP, [r.id for r in recorded(store)], Ledger.read(store), "http://127.0.0.1:9", every=0.1)
    begun = time.monotonic()
    lag = watching.close(1.0)
    assert lag.trials == 6 and time.monotonic() - begun < 120, "MLflow by itself tries for four minutes"


def test_a_database_that_another_process_makes_and_makes_keeps_the_mirror_behind_and_that_is_said(
    store: Store, tmp_path: Path
) -> None:
    with open(tmp_path / "new.db.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        watching = Mirror(SWEEP, [r.id for r in recorded(store)], Ledger.read(store), f"sqlite:///{tmp_path}/new.db")
        lag = watching.close(0.5)
        assert lag.trials == 6 and ("has not answered" in lag.error or "another process holds" in lag.error)


def test_a_database_deleted_under_a_running_mirror_is_built_anew(
    store: Store, truth: dict[str, Any], uri: str, tmp_path: Path
) -> None:
    watching = Mirror(SWEEP, [r.id for r in recorded(store)], Ledger.read(store), uri, every=0.2)
    watching.offer(parent(tmp_path / "figures"), Ledger.read(store))
    until(lambda: ended(tmp_path / "mlflow.db") == len(truth), "the runs of the sweep and its trials")
    for file in tmp_path.glob("mlflow.db*"):
        file.unlink()
    until(lambda: (tmp_path / "mlflow.db").exists(), "a new database")
    assert watching.close(HANG_S) == (0, 0.0, "")
    assert everything(uri) == truth
