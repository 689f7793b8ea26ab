"""The SQLite file of MLflow: made once by processes that race, after a full disk, and what is said of a damaged one."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.stores.mirrored_sweep import (
    fresh,
    sync,
)
from tracking.common.errors import Unreachable
from tracking.mirror import sync as mirror
from tracking.mirror.database import schema
from tracking.records.store import Store


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


@pytest.mark.faults
def test_two_threads_make_two_databases(tmp_path: Path) -> None:
    """As a notebook that launches two sweeps: the library that migrates keeps what runs in one global."""
    places = [tmp_path / name for name in ("a", "b")]
    with ThreadPoolExecutor() as pool:
        list(pool.map(mirror.prepare, map(fresh, places)))
    assert [schema.of(place / "mlflow.db") for place in places] == [schema.installed()] * 2


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
