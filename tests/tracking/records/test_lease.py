"""Of two launches that want the same trials one works, whoever dies or sleeps meanwhile. Real processes, no clocks."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.launching import processes
from tests.support.launching.launches import Program
from tests.support.launching.waiting import until
from tests.support.networks import small_trials
from tests.support.services.cluster_records import PACE
from tracking.common.errors import InUse
from tracking.records.files.storage import Files
from tracking.records.leases import lease
from tracking.records.leases.heartbeat import BEATS
from tracking.records.leases.lease_file import at_work
from tracking.records.ledger import Ledger
from tracking.records.provenance import Provenance
from tracking.records.rows import Outcome, Row
from tracking.records.store import Store
from tracking.records.writer import Writer

SILENCE_S = "1.5"
HOLD = """
import sys, time
from tracking.records.leases import lease
from tracking.records.leases.heartbeat import BEATS
from tracking.records.files.storage import Files
with lease.acquire(Files(sys.argv[1]), sys.argv[2], frozenset(sys.argv[3:]), print) as mine:
    print(mine.number, flush=True)
    sys.stdin.readline()
print("lost" if mine.lost else "released", flush=True)
"""
COMMIT = """
import sys
from tracking.records.rows import Row
from tracking.records.provenance import Provenance
from tracking.records.store import Store
from tracking.records.writer import Writer
store = Store(sys.argv[1], int(sys.argv[2]))
writer = Writer(store, store.manifest("b"), Provenance())
writer.add([Row(sys.argv[3], 1, "test", "error", "", 0.25)], {})
writer.commit(1, b"late")
"""

Hold = Callable[..., subprocess.Popen[str]]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEP_LEASE_S", SILENCE_S)


STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    while STARTED:
        process = STARTED.pop()
        process.kill()
        process.communicate() if not process.stdout.closed else process.wait()


def python(code: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *arguments]
    pipes: dict[str, Any] = {name: subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
    STARTED.append(subprocess.Popen(command, **pipes, text=True, env={**os.environ, **environment}))
    return STARTED[-1]


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    """Starts a process that holds a lease until it is told to end; returns when it does, or has been refused."""

    def start(sweep: str, *trials: str) -> subprocess.Popen[str]:
        process = python(HOLD, str(tmp_path), sweep, *trials)
        process.number = process.stdout.readline().strip()
        return process

    yield start


def acquire(root: Path, sweep: str, *trials: str, say: Callable[[str], None] = lambda message: None) -> lease.Lease:
    return lease.acquire(Files(str(root)), sweep, frozenset(trials), say)


def end(process: subprocess.Popen[str]) -> str:
    out, error = process.communicate("\n")
    assert process.returncode == 0, error
    return out.strip()


def test_the_second_is_refused_and_told_who_works_and_the_others_are_not(tmp_path: Path, hold: Hold) -> None:
    first = hold("fig1", "a", "b")
    with pytest.raises(InUse, match=f"process {first.pid} on .* works on sweep 'fig1'.*launch again"):
        acquire(tmp_path, "fig2", "b", "c")
    with pytest.raises(InUse):
        acquire(tmp_path, "fig1", "z")
    with acquire(tmp_path, "fig2", "c") as other:
        assert other.number == 2
    assert end(first) == "released"
    with acquire(tmp_path, "fig2", "b", "c") as later:
        assert later.number == 3


def test_numbers_rise_and_one_file_is_left(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        with acquire(tmp_path, "s", "a") as mine:
            assert mine.number == number
    assert [p.name for p in (tmp_path / "leases").iterdir()] == ["000003.json"]


def test_of_many_at_once_exactly_one_works(tmp_path: Path) -> None:
    launchers = [python(HOLD, str(tmp_path), "s", "a", SWEEP_LEASE_S="10") for _ in range(6)]
    until(lambda: sum(process.poll() is None for process in launchers) == 1, "all but one to be refused")
    (winner,) = [process for process in launchers if process.poll() is None]
    assert end(winner).endswith("released")
    losers = [process.communicate() for process in launchers if process is not winner]
    assert all("is in use" in error and not out for out, error in losers), losers


def test_who_slept_before_it_claimed_does_not_get_a_number_that_others_have_used_up(tmp_path: Path) -> None:
    """A launch that came and went has deleted its claim, whose number is free again."""
    sleeper = python(HOLD, str(tmp_path), "s", "a", SWEEP_FAILPOINTS="lease.numbered=stop@1")
    suspended(sleeper)
    with acquire(tmp_path, "s", "a") as before:
        assert before.number == 1
    with acquire(tmp_path, "s", "a") as mine:
        assert mine.number == 2
        sleeper.send_signal(signal.SIGCONT)
        out, error = sleeper.communicate()
        assert not out and "is in use" in error
    assert [p.name for p in (tmp_path / "leases").iterdir()] == ["000002.json"]


def test_after_a_kill_the_work_is_taken_over_at_once(tmp_path: Path, hold: Hold) -> None:
    first = hold("s", "a")
    first.kill()  # and not waited for: its process id stays taken
    until(lambda: processes.state(first.pid) == "Z", "its end")
    waits: list[str] = []
    with acquire(tmp_path, "s", "a", say=waits.append) as mine:
        assert mine.number == 2 and not waits


def test_who_is_suspended_while_it_waits_takes_nothing_from_an_owner_at_work(tmp_path: Path, hold: Hold) -> None:
    """By its own clock more time has passed than that of the silence after which an owner counts as gone."""
    first, file = hold("s", "a"), tmp_path / "leases/000001.json"
    first.send_signal(signal.SIGSTOP)
    waiting = python(HOLD, str(tmp_path), "s", "a", SWEEP_FAILPOINTS="lease.silence_awaited=stop@1")
    suspended(waiting)
    first.send_signal(signal.SIGCONT)
    beats = [file.read_bytes()]
    while len(beats) < BEATS + 3:
        until(lambda: file.read_bytes() != beats[-1], "a beat of the owner")
        beats.append(file.read_bytes())
    waiting.send_signal(signal.SIGCONT)
    out, error = waiting.communicate()
    assert not out and f"is in use: process {first.pid}" in error
    assert end(first) == "released"


def test_who_is_silent_is_taken_over_and_learns_it_when_it_wakes(tmp_path: Path, hold: Hold) -> None:
    first = hold("s", "a")
    first.send_signal(signal.SIGSTOP)
    start = time.monotonic()
    with acquire(tmp_path, "s", "a"):
        assert time.monotonic() - start >= float(SILENCE_S)
        first.send_signal(signal.SIGCONT)
        assert end(first) == "lost"


def test_a_dead_owner_elsewhere_is_waited_for_and_its_clock_does_not_matter(tmp_path: Path) -> None:
    with acquire(tmp_path, "s", "a"):
        pass
    file = tmp_path / "leases/000002.json"
    claim = {"host": "elsewhere", "machine": "another", "pid": 1, "born": "1", "sweep": "s", "trials": ["a"]}
    for hour in (-1, 1):
        claim["since_ms"] = time.time_ns() // 1_000_000 + hour * 3_600_000
        file.write_bytes(b"+000000000007\n" + json.dumps(claim).encode())
        start = time.monotonic()
        with acquire(tmp_path, "s", "a"):
            assert time.monotonic() - start >= float(SILENCE_S)


@pytest.mark.parametrize("content", [b"", b"+0000", b'+000000000001\n{"pid"', b"\x00" * 40])
def test_a_damaged_lease_is_not_taken_for_nobodys_at_once(tmp_path: Path, content: bytes) -> None:
    with acquire(tmp_path, "s", "a"):
        pass
    (tmp_path / "leases/000002.json").write_bytes(content)
    start = time.monotonic()
    with acquire(tmp_path, "other", "b") as mine:
        assert mine.number == 3 and time.monotonic() - start >= float(SILENCE_S)


def begun(store: Store) -> str:
    """One commit of a bundle of one trial; the id of the trial."""
    trial = small_trials.trial(0)
    writer = Writer.begin(store, "b", "network", small_trials.entries([trial]), Provenance())
    writer.add([Row(trial.id, 0, "test", "error", "", 0.5)], {})
    writer.commit(0, b"state")
    return trial.id


def values(store: Store) -> list[float]:
    ledger = Ledger.read(store)
    return ledger.rows(ledger.records.values())["value"].to_pylist()


@pytest.mark.parametrize("place", ["commit.begun", "commit.leased", "commit.rows_synced", "commit.checkpoint_kept"])
def test_a_worker_that_slept_through_the_take_over_commits_nothing(tmp_path: Path, place: str, hold: Hold) -> None:
    first = hold("s", "a")
    trial = begun(Store(str(tmp_path), int(first.number)))
    worker = python(COMMIT, str(tmp_path), first.number, trial, SWEEP_FAILPOINTS=f"{place}=stop@1")
    suspended(worker)
    first.kill()
    first.wait()
    with acquire(tmp_path, "s", "a") as mine:
        store = Store(str(tmp_path), mine.number)
        writer = Writer(store, store.manifest("b"), Provenance())
        writer.add([Row(trial, 1, "test", "error", "", 0.75)], {trial: Outcome("finished", 1, "done")})
        writer.commit(1, None)
        before = {p: p.read_bytes() for p in tmp_path.glob("records/*/*") if "manifest" in p.name}
        worker.send_signal(signal.SIGCONT)
        _, error = worker.communicate()
        assert worker.returncode == 1 and "taken over" in error and f"process {os.getpid()}" in error
        assert values(store) == [0.5, 0.75]
        assert before == {p: p.read_bytes() for p in before}


@pytest.mark.parametrize("place", ["commit.manifest_opened", "commit.manifest_synced", "commit.manifest_renamed"])
def test_a_commit_under_way_is_waited_for_and_kept(tmp_path: Path, place: str, hold: Hold) -> None:
    first = hold("s", "a")
    trial = begun(Store(str(tmp_path), int(first.number)))
    worker = python(COMMIT, str(tmp_path), first.number, trial, SWEEP_FAILPOINTS=f"{place}=stop@1")
    suspended(worker)
    first.kill()
    first.wait()
    taker = python(HOLD, str(tmp_path), "s", "a", SWEEP_FAILPOINTS="lease.lock_awaited=stop@3")
    suspended(taker)  # it has asked for the lock three times
    worker.send_signal(signal.SIGCONT)
    worker.communicate()
    taker.send_signal(signal.SIGCONT)
    assert worker.returncode == 0 and end(taker).split() == ["2", "released"]
    assert values(Store(str(tmp_path))) == [0.5, 0.25]


def suspended(process: subprocess.Popen[str]) -> None:
    """Waits until a failpoint has suspended it."""
    until(lambda: processes.stopped(process.pid) or process.poll() is not None, "a failpoint to be reached")
    assert process.poll() is None, process.communicate()[1]


def test_a_store_that_cannot_be_made_is_said_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InUse, match=r"cannot be made or written.*another --store"):
        acquire(tmp_path / "file" / "runs", "s", "a")


def test_who_is_at_work_is_seen_from_outside(tmp_path: Path, hold: Hold) -> None:
    files = Files(str(tmp_path))
    first = hold("s", "a")
    assert [c.pid for c in at_work(files)] == [first.pid]
    first.kill()
    first.wait()
    assert at_work(files) == []


SWEEP = """
title: Long
source: test
experiment: network
fixed:
  data: {name: digits, train_size: 60, test_size: 50}
  net: {name: convnet, depth: 3}
  optimizer: {name: sgd, batch_size: 20, learning_rate: 0.1}
  epochs: 200
vary: {seed: {count: 2}}
measure: [error]
"""


def test_a_second_launch_is_refused_and_after_a_kill_goes_on(program: Program, tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text(SWEEP)
    (tmp_path / "same.yaml").write_text(SWEEP.replace("count: 2", "count: 1"))  # a part of the same trials
    program.with_database(tmp_path)
    first = program.start(tmp_path, "launch", "long.yaml", "--local", **PACE)
    until(lambda: list(tmp_path.glob("runs/records/*/manifest.json")) or first.code is not None, "the first commit")
    for spec in ("long.yaml", "same.yaml"):
        refused = program.run(tmp_path, "launch", spec, "--local").ends(73)
        assert f"process {first.pid} on" in refused.err and first.code is None
    at_work = program.run(tmp_path, "status", "long.yaml", "--json").ends(0).result["at_work"]
    assert len(at_work) == 1 and f"process {first.pid} on" in at_work[0]
    first.send(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    assert "nobody" in program.run(tmp_path, "status", "long.yaml").ends(0).err
    again = program.run(tmp_path, "launch", "long.yaml", "--local", "--json").ends(0)
    assert again.result["trials"]["run"] == 2
    ledger = Ledger.read(Store(str(tmp_path / "runs")))
    table = ledger.rows(ledger.records.values()).to_pandas()
    assert not table.duplicated(["trial", "step", "split", "measure", "layer"]).any()
