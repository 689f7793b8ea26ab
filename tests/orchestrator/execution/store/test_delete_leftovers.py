"""What killed launches leave in a store, and which of it the next launch deletes."""

import os
from pathlib import Path

import pytest

from orchestrator.execution.store.delete_leftovers import OLD_NS
from tests.support.launching.processes import alive
from tests.support.stores.recorded_sweeps import launched, write
from tracking.records import layout
from tracking.records.leases import lease
from tracking.records.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """In which nothing is left to be done."""
    store = Store(str(tmp_path / "runs"))
    launched(write(tmp_path / "x.yaml"), store)
    return store


@pytest.fixture
def gone() -> int:
    """The id of a process that has ended."""
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    assert not alive(child)
    return child


def left(store: Store, *names: str) -> list[Path]:
    """Files of these names, as somebody has left them."""
    paths = [Path(store.files.path(name)) for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{")
    return paths


FILES = ("progress/000007.json", "sweeps/y.json", "code/0a.py", "leases/000001.json", "figures/x/claims.json")


def test_files_that_killed_processes_wrote_in_part_are_deleted_whatever_they_are(store: Store, gone: int) -> None:
    paths = left(store, *(f"{name}.{gone}.1{layout.UNFINISHED}" for name in FILES))
    foreign = left(store, f"progress/notes.{gone}.1.tmp")
    launched(Path(store.root).parent / "x.yaml", store)
    assert not any(path.exists() for path in paths) and all(path.exists() for path in foreign)


def test_what_a_living_process_writes_stays_unless_it_is_old(store: Store, gone: int) -> None:
    here, old = left(store, f"code/0a.py.{os.getpid()}.1.tmp", f"code/0b.py.{os.getpid()}.1.tmp")
    os.utime(old, ns=(0, old.stat().st_mtime_ns - 2 * OLD_NS))
    launched(Path(store.root).parent / "x.yaml", store)
    assert here.exists() and not old.exists()
    (elsewhere,) = left(store, f"code/0c.py.{gone}.1.tmp")
    store.files.on_network_disk = True
    launched(Path(store.root).parent / "x.yaml", store)
    assert elsewhere.exists(), "its writer may be a process of another machine"


def test_the_progress_of_launches_that_have_ended_is_deleted(store: Store) -> None:
    with lease.acquire(store.files, "another", frozenset({"a"}), print) as running:
        ended, mine = left(store, layout.progress(running.number + 1), layout.progress(running.number))
        (foreign,) = left(store, "progress/notes.txt")
        launched(Path(store.root).parent / "x.yaml", store)
        assert mine.exists() and foreign.exists() and not ended.exists()
    launched(Path(store.root).parent / "x.yaml", store)
    assert not mine.exists()
