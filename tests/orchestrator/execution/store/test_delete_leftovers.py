"""What killed launches leave in a store, and which of it the next launch deletes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.execution.store.delete_leftovers import OLD_NS
from tests.support.launching.processes import alive
from tests.support.launching.waiting import until
from tests.support.stores.recorded_sweeps import launched, write
from tracking.common import unfinished_files
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


def unfinished(name: str, process: int) -> str:
    """As a thread of that process calls a file that it writes."""
    return f"{name}.{process}.{unfinished_files.namespace() + 2**32}{layout.UNFINISHED}"


FILES = ("progress/000007.json", "sweeps/y.json", "code/0a.py", "leases/000001.json", "figures/x/claims.json")


def test_files_that_killed_processes_wrote_in_part_are_deleted_whatever_they_are(store: Store, gone: int) -> None:
    paths = left(store, *(unfinished(name, gone) for name in FILES))
    foreign = left(store, f"progress/notes.{gone}.1.tmp")
    launched(Path(store.root).parent / "x.yaml", store)
    assert not any(path.exists() for path in paths) and all(path.exists() for path in foreign)


def test_what_a_living_process_writes_stays_unless_it_is_old(store: Store, gone: int) -> None:
    here, old = left(store, unfinished("code/0a.py", os.getpid()), unfinished("code/0b.py", os.getpid()))
    os.utime(old, ns=(0, old.stat().st_mtime_ns - 2 * OLD_NS))
    launched(Path(store.root).parent / "x.yaml", store)
    assert here.exists() and not old.exists()
    (elsewhere,) = left(store, unfinished("code/0c.py", gone))
    store.files.on_network_disk = True
    launched(Path(store.root).parent / "x.yaml", store)
    assert elsewhere.exists(), "its writer may be a process of another machine"


IN_A_CONTAINER = """
import os, sys
from pathlib import Path
from tracking.common.whole_files import replacing
while child := os.fork():
    if child == int(sys.argv[2]):
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os.waitpid(child, 0)
if os.getpid() == int(sys.argv[2]):
    with replacing(Path(sys.argv[1])) as (beside,):
        beside.write_text("{")
        sys.stdin.read()
"""


def test_what_a_process_in_another_container_writes_stays(store: Store) -> None:
    """Its id is of its own namespace, and there is no process with it here."""
    if not shutil.which("unshare"):
        pytest.skip("no namespaces of process ids here")
    path, free = Path(store.files.path("figures/x/claims.json")), next(id for id in range(2, 10**4) if not alive(id))
    path.unlink()
    command = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", sys.executable, "-c"]
    with subprocess.Popen([*command, IN_A_CONTAINER, str(path), str(free)], stdin=subprocess.PIPE) as container:
        until(lambda: [*path.parent.glob("*.tmp")] or container.poll(), "the file in part")
        if container.poll():
            pytest.skip("no namespaces of process ids here")
        launched(Path(store.root).parent / "x.yaml", store)
        container.communicate()
    assert container.returncode == 0 and path.read_text() == "{"


def test_the_progress_of_launches_that_have_ended_is_deleted(store: Store) -> None:
    with lease.acquire(store.files, "another", frozenset({"a"}), print) as running:
        ended, mine = left(store, layout.progress(running.number + 1), layout.progress(running.number))
        (foreign,) = left(store, "progress/notes.txt")
        launched(Path(store.root).parent / "x.yaml", store)
        assert mine.exists() and foreign.exists() and not ended.exists()
    launched(Path(store.root).parent / "x.yaml", store)
    assert not mine.exists()
