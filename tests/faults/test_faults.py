"""Whatever is killed, stopped or told to end: launched again, the records are those of an undisturbed launch.

Real processes (tests/support/launching/launches.py); records are compared bit by bit by code that shares nothing with
the program (tests/support/stores/compare_records.py).
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import ROOT
from tests.support.launching.launches import Place, Program, sweep
from tests.support.launching.misbehaving import PROGRESS
from tests.support.launching.waiting import until
from tests.support.stores import compare_records

SHORT = sweep("misbehaving", {"steps": 3}, {"seed": {"count": 8}})  # four bundles of two
LONG = sweep("misbehaving", {"steps": 25, "pause": 0.04}, {"seed": {"count": 8}})
NO_REPORT = sweep(  # for hours, after that of the initial network
    "network",
    {
        "data": {"name": "digits", "train_size": 100}, "net": {"name": "convnet", "depth": 2},
        "optimizer": {"batch_size": 20}, "epochs": 1_000_000, "evaluate_every": 1_000_000,
    },
)  # fmt: skip
WORK = """
import sys
from pathlib import Path
from orchestrator.spec import expand, load
from tracking.records.store import Store
from workers import run_bundle
from workers.bundle import together
trials = expand.expand(load.read("faults.yaml"))
for report in run_bundle.work(Store("work"), together(trials), "cpu"):
    pass
"""


def test_a_worker_killed_at_any_place_of_any_commit_loses_nothing(place: Place) -> None:
    """At the first place that it comes to, at the second, ... until it is not killed any more."""
    place.write(SHORT)
    undisturbed, n, killed = place.undisturbed(), 0, True
    while killed:
        n += 1
        folder = place.folder / f"{n}"
        folder.mkdir()
        (folder / "faults.yaml").write_text(SHORT)
        code = place.program.run(folder, "-c", WORK, SWEEP_FAILPOINTS=f"commit.*=kill@{n}").code
        killed = code == -signal.SIGKILL
        assert compare_records.part_of(folder / "work", undisturbed), (
            f"killed at place {n}: neither before nor after a commit"
        )
        place.program.run(folder, "-c", WORK).ends(0)
        difference = compare_records.compare(folder / "work", undisturbed)
        assert not difference, f"killed at place {n}: {difference}"
        assert compare_records.leftovers(folder / "work") == []
    assert n > 40, "there are fewer places than a commit has steps"


@pytest.mark.parametrize("n", [1, 2, 4, 8, 16, 32, 64, 128])
def test_a_launch_killed_at_some_place_loses_nothing(place: Place, n: int) -> None:
    """Places of the lease, of commits and of the mirror; `make faults` tries every one."""
    place.write(SHORT)
    assert place.launch(SWEEP_FAILPOINTS=f"*=kill@{n}").code == -signal.SIGKILL
    place.is_whole()


def test_killed_when_everything_is_recorded_it_leaves_no_claim_behind(place: Place) -> None:
    assert place.write(SHORT).launch(SWEEP_FAILPOINTS="lease.release_opened=kill@1").code == -signal.SIGKILL
    assert any("leases" in left for left in compare_records.leftovers(place.store))
    place.is_whole()


@pytest.mark.faults
@pytest.mark.timeout(1800)
def test_a_launch_killed_at_any_place_loses_nothing(place: Place) -> None:
    code, n = -signal.SIGKILL, 0
    while code == -signal.SIGKILL:
        n += 1
        each = Place(place.program, place.folder / f"{n}").write(SHORT)
        code = each.launch(SWEEP_FAILPOINTS=f"*=kill@{n}").wait()
        each.is_whole()
    assert code == 0 and n > 150


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1], ids=lambda n: n.name)
def test_asked_to_stop_it_commits_what_it_has_and_says_how_to_go_on(place: Place, number: signal.Signals) -> None:
    step = place.folder / "step"
    running = place.write(LONG).start(SWEEP_COMMIT_S="60", **{PROGRESS: str(step)})
    until(lambda: step.exists() and int(step.read_text() or 0) > 2, "some steps")
    running.send(number)
    assert "launch again to go on" in running.ends(75).err
    assert compare_records.held(place.store), "commits are made here by the signal alone"
    assert compare_records.part_of(place.store, place.undisturbed())
    place.is_whole()


@pytest.mark.parametrize("leased", [False, True], ids=["as a process", "with its lease"])
def test_asked_to_stop_while_it_starts(place: Place, leased: bool) -> None:
    """Before it handles signals it ends as any process does, and has begun nothing."""
    running = place.write(SHORT).start()
    until(lambda: list(place.store.glob("leases/*.json")) if leased else running.pid, "a sign of its start")
    running.send(signal.SIGTERM)
    assert running.wait() in (75, -signal.SIGTERM)
    assert "Traceback" not in running.err
    place.is_whole()


def test_a_second_signal_ends_it_at_once(place: Place) -> None:
    running = place.write(LONG).start()
    place.begun(running, 3)
    running.send(signal.SIGINT)
    running.send(signal.SIGTERM)
    assert running.wait() == 130
    place.is_whole()


def test_preempted_and_killed_before_it_is_done(place: Place) -> None:
    running = place.write(LONG).start()
    place.begun(running, 3)
    before = place.commits()
    running.send(signal.SIGTERM)
    until(lambda: place.commits() > before or running.code is not None, "its next commit")
    running.send(signal.SIGKILL)
    assert running.wait() in (-signal.SIGKILL, 75)
    assert compare_records.part_of(place.store, place.undisturbed()) and compare_records.held(place.store)
    place.is_whole()


def test_of_two_launchers_one_works_and_the_other_is_told_who(place: Place) -> None:
    first = place.write(LONG).start()
    place.begun(first)
    err = place.launch().ends(73).err
    assert f"process {first.pid} on " in err and "launch again" in err
    first.ends(0)
    place.is_whole()


def test_a_launcher_that_sleeps_is_taken_over_and_writes_nothing_when_it_wakes(place: Place) -> None:
    sleeping = place.write(LONG).start(SWEEP_FAILPOINTS="commit.begun=stop@5")
    until(lambda: sleeping.stopped, "the launch to be suspended")
    assert "no sign of life" in place.launch().ends(0).err
    sleeping.send(signal.SIGCONT)
    assert "taken over" in sleeping.ends(73).err
    assert place.wrong_runs(place.store / "mlflow.db") == [], "the finished sweep is shown as it was"
    place.is_whole()


def test_a_launcher_that_sleeps_between_two_commits_stops_soon_after_it_wakes(place: Place) -> None:
    """It writes nothing more: no commit, and nothing in MLflow."""
    sleeping = place.write(NO_REPORT).start()
    until(lambda: "train error" in sleeping.err, "the report after its first commit")
    sleeping.send(signal.SIGSTOP)
    other = place.start()
    until(lambda: "to run" in other.err or other.code is not None, "the take-over")
    assert other.code is None and "no sign of life" in other.err, other.err
    other.destroy()
    before, shown = compare_records.contents(place.store), compare_records.mirrored(place.store / "mlflow.db")
    sleeping.send(signal.SIGCONT)
    assert "taken over" in sleeping.ends(73, seconds=60).err
    assert compare_records.contents(place.store) == before
    assert compare_records.mirrored(place.store / "mlflow.db") == shown


def test_many_launches_on_one_new_store(program: Program, tmp_path: Path) -> None:
    """Of different sweeps, MLflow's database included, which breaks when several processes make it at once."""
    places = []
    for i in range(6):
        (tmp_path / f"s{i}.yaml").write_text(sweep("misbehaving", {"steps": 3}, {"seed": [2 * i, 2 * i + 1]}))
        places.append(program.start(tmp_path, "launch", f"s{i}.yaml", "--local", "--json"))
    for launch in places:
        launch.ends(0)
    assert len(compare_records.held(tmp_path / "runs")) == 12 and compare_records.leftovers(tmp_path / "runs") == []
    assert {len(runs) for id, runs in compare_records.mirrored(tmp_path / "runs/mlflow.db").items() if id} == {1}


def test_records_can_be_read_at_any_moment_and_only_grow(place: Place) -> None:
    running, before = place.write(LONG).start(), 0
    place.begun(running)
    while running.code is None:
        assert sum(place.status().values()) == 2 * 8, "the states and their total"
        found = place.program.run(place.folder, "curves", "faults.yaml", "--json").ends(0)
        assert found.result is not None
        with suppress(FileNotFoundError):  # segments were merged since the checker has read their manifest
            rows = sum(sum(one.rows.values()) for one in compare_records.held(place.store).values())
            assert rows >= before
            before = rows
    assert before > 0
    running.ends(0)
    place.is_whole()


def test_only_what_is_new_runs_when_a_grid_grows_or_shrinks(place: Place) -> None:
    place.write(SHORT).launch().ends(0)
    place.write(sweep("misbehaving", {"steps": 3}, {"seed": {"count": 11}}))
    assert place.launch().ends(0).result["trials"] == {
        "total": 11, "run": 3, "already_done": 8, "failed": 0, "diverged": 0, "missing": 0,
    }  # fmt: skip
    place.is_whole()
    assert place.write(SHORT).launch().ends(0).result["trials"]["run"] == 0
    assert len(compare_records.held(place.store)) == 11


@pytest.mark.parametrize(
    "net", [{"name": "convnet", "depth": 3}, {"name": "polynomial", "depth": 2}], ids=lambda n: n["name"]
)
def test_what_is_left_is_trained_in_the_bundles_of_an_undisturbed_launch(place: Place, net: dict[str, Any]) -> None:
    """PyTorch's last bits depend on which models are trained together."""
    fixed = {
        "data": {"name": "digits", "train_size": 60, "test_size": 50},
        "net": {**net, "width": 4}, "optimizer": {"name": "sgd", "batch_size": 20, "learning_rate": 0.05},
        "epochs": 3, "measure": ["error", "risk", "frobenius_norm"],
    }  # fmt: skip
    place.write(sweep("network", fixed, {"seed": {"count": 11}}))
    other = Place(place.program, place.folder / "other").write(sweep("network", fixed, {"seed": {"count": 11}}))
    plain: dict[str, Any] = {"SWEEP_COMMIT_S": "60", "SWEEP_ENGINE": "reference"}
    other.launch(**plain).ends(0)
    for _ in range(3):
        assert place.launch(**plain, SWEEP_FAILPOINTS="commit.done=kill@1").code == -signal.SIGKILL
    place.launch(**plain).ends(0)
    difference = compare_records.compare(place.store, other.store)
    assert not difference, difference


def test_trials_are_the_same_in_every_process() -> None:
    """Whatever the order of its sets, its language and its time."""
    code = "from orchestrator.spec import expand, load; print([t.id for t in expand.expand(load.read('fig2'))])"
    found = set()
    for seed, about in enumerate(({}, {"LC_ALL": "C", "TZ": "Asia/Tokyo"}, {"LC_ALL": "tr_TR.UTF-8"})):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed), **about}
        found.add(subprocess.check_output([sys.executable, "-c", code], env=environment, cwd=ROOT, text=True))
    assert len(found) == 1 and len(found.pop()) > 1000


def test_status_is_right_after_the_launcher_was_killed(place: Place) -> None:
    running = place.write(LONG).start(SWEEP_FAILPOINTS="commit.done=kill@30")
    assert running.wait() == -signal.SIGKILL
    held = compare_records.held(place.store).values()
    finished = sum(one.outcome[0] == "finished" for one in held)
    status = place.status()
    assert (status["total"], status["finished"], status["interrupted"]) == (8, finished, len(held) - finished)
    assert status["finished"] == 2 and status["missing"] == 8 - len(held)
