"""The main job from a sweep file to curves and verdicts, through the command line, in process and under real Ray."""

import re
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from orchestrator.spec import load
from orchestrator.spec.expand import expand
from tests.support.checkout import ROOT
from tests.support.launching import launches
from tests.support.launching.launches import Program
from tests.support.launching.waiting import until
from tests.support.services.cluster_records import PACE
from tests.support.stores import change_manifest
from tracking.common.named_files.protocols import members
from tracking.records import layout
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers.interfaces.experiment import Experiment

SWEEP = """
title: A small width sweep
source: test
experiment: network
fixed:
  data: {name: digits, train_size: 60, test_size: 50}
  net: {name: convnet, depth: 3}
  optimizer: {name: sgd, batch_size: 20, learning_rate: 0.1}
  epochs: 4
vary:
  net.width: [2, 4]
  seed: {count: 3}
measure: [error, risk, parameters]
curves:
  - {name: error, x: parameters, y: error, split: [train, test], band: ci95}
  - {name: fitted, x: net.width, y: {first_step: {measure: error, split: train, at_most: 1}}, reference: 1}
heatmaps:
  - {name: by_epoch, x: net.width, y: step, z: {gap: risk}}
claims:
  - {name: no_overfitting, y: error, split: test, tolerance: 1.0}
  - {name: bounded, y: {first_step: {measure: error, split: train, at_most: 1}}, high: 4}
"""


Sweep = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def sweep(program: Program) -> Sweep:
    """Runs a command line and expects its exit code; the JSON object of its last line, or what it said on stderr."""

    def run(*arguments: str, folder: Path, code: int = 0, **how: Any) -> dict[str, Any]:
        if arguments[0] == "launch" and code != 2 and not how.get("fresh"):
            program.with_database(folder)  # which takes seconds to make
        done = program.run(folder, *arguments, seconds=280, waits={}, **how)
        assert done.code == code, done.err + done.out
        return done.result if done.out.strip() else {"stderr": done.err}

    return run


def rows(folder: Path) -> Any:
    ledger = Ledger.read(Store(str(folder / "runs")))
    table = (
        ledger.rows(ledger.records.values())
        .to_pandas()
        .astype({c: str for c in ("trial", "split", "measure", "layer")})
    )
    keys = ["trial", "step", "split", "measure", "layer"]
    assert not table.duplicated(keys).any()
    return table.sort_values(keys, ignore_index=True)


@pytest.fixture(scope="module")
def launched(sweep: Sweep, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("launched")
    (folder / "small.yaml").write_text(SWEEP)
    return folder, sweep("launch", "small.yaml", "--local", "--json", folder=folder, fresh=True)


def test_a_launch_ends_with_curves_and_verdicts(launched: tuple[Path, dict[str, Any]]) -> None:
    folder, result = launched
    assert result["sweep"] == "small"
    assert result["trials"] == {"total": 6, "run": 6, "already_done": 0, "failed": 0, "diverged": 0, "missing": 0}
    assert [c["verdict"] for c in result["claims"]] == ["holds", "holds"]
    assert [curve["name"] for curve in result["curves"]] == ["error", "fitted", "by_epoch"]
    for curve in result["curves"]:
        assert all((folder / curve[kind]).stat().st_size > 0 for kind in ("png", "svg", "parquet"))


def test_a_second_launch_trains_nothing(sweep: Sweep, launched: tuple[Path, dict[str, Any]]) -> None:
    folder, first = launched
    before = rows(folder)
    again = sweep("launch", "small.yaml", "--local", "--json", folder=folder)
    assert again["trials"] == {"total": 6, "run": 0, "already_done": 6, "failed": 0, "diverged": 0, "missing": 0}
    assert again["claims"] == first["claims"] and rows(folder).equals(before)


def test_adding_a_width_trains_only_that_width(sweep: Sweep, launched: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = launched
    (folder / "wider.yaml").write_text(SWEEP.replace("[2, 4]", "[2, 4, 8]"))
    plan = sweep("plan", "wider.yaml", "--json", folder=folder)
    assert plan["trials"] == {"total": 9, "to_run": 3, "finished": 6, "missing": 3}
    assert {one["engine"] for one in plan["bundles"]} <= {"fused", "modules"} and plan["bundles"][0]["reason"]
    wider = sweep("launch", "wider.yaml", "--local", "--json", folder=folder)
    assert wider["trials"] == {"total": 9, "run": 3, "already_done": 6, "failed": 0, "diverged": 0, "missing": 0}


def test_status_curves_verify_show_and_list_speak_json(sweep: Sweep, launched: tuple[Path, dict[str, Any]]) -> None:
    folder, result = launched
    assert sweep("status", "small.yaml", "--json", folder=folder)["trials"] == {"total": 6, "finished": 6}
    assert sweep("verify", "small.yaml", "--json", folder=folder)["claims"] == result["claims"]
    assert sweep("curves", "small.yaml", "--json", folder=folder)["curves"] == result["curves"]
    trial = rows(folder)["trial"][0]
    shown = sweep("show", trial[:10], "--json", folder=folder)
    assert shown["id"] == trial and shown["provenance"]["data"]["digest"]
    assert {"demo", "fig1", "fig2"} <= {s["name"] for s in sweep("list", "--json", folder=folder)["sweeps"]}


def test_mlflow_holds_parent_and_children(launched: tuple[Path, dict[str, Any]]) -> None:
    import sqlite3

    folder, _ = launched
    with sqlite3.connect(folder / "runs/mlflow.db") as database:
        names = dict(database.execute("select r.run_uuid, r.status from runs r where r.lifecycle_stage = 'active'"))
        parents = database.execute("select count(*) from tags where key = 'mlflow.parentRunId'").fetchone()[0]
    database.close()
    assert len(names) >= 7 and set(names.values()) == {"FINISHED"} and parents >= 6


@pytest.mark.ray
def test_ray_and_this_process_record_the_same(
    sweep: Sweep, launched: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """And Ray's workers are those that it started ahead, with PyTorch imported: none was started for a trial."""
    (tmp_path / "small.yaml").write_text(SWEEP)
    with tempfile.TemporaryDirectory(prefix="ray-") as logs:  # short: paths of sockets have 107 characters at most
        result = sweep("launch", "small.yaml", "--json", folder=tmp_path, RAY_TMPDIR=logs)
        workers = [path.name for path in Path(logs).glob("ray/session_2*/logs/worker-*.err")]
    assert workers and all("-ffffffff-" in name for name in workers), "the job of a worker is in the name of its log"
    assert result["trials"] == {"total": 6, "run": 6, "already_done": 0, "failed": 0, "diverged": 0, "missing": 0}
    mine = rows(launched[0])
    mine = mine[mine["trial"].isin(rows(tmp_path)["trial"])].reset_index(drop=True)
    assert rows(tmp_path)["value"].to_numpy() == pytest.approx(mine["value"].to_numpy(), rel=1e-4)


@pytest.mark.ray
def test_one_broken_trial_is_named_and_the_others_finish(sweep: Sweep, tmp_path: Path) -> None:
    """Two trials of five raise in their fourth step. The experiment is a file beside the sweep, with another that it
    imports."""
    grid = {"does": ["count", "raise"], "seed": {"count": 3}}
    (tmp_path / "small.yaml").write_text(
        launches.sweep("own", {"steps": 6}, grid, exclude=[{"does": "raise", "seed": 2}])
    )
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/own.py").write_text(f"from ._counting import {', '.join(sorted(members(Experiment)))}\n")
    (tmp_path / "experiments/_counting.py").write_text((ROOT / "tests/support/launching/misbehaving.py").read_text())
    result = sweep("launch", "small.yaml", "--json", folder=tmp_path, code=1)
    assert result["trials"] == {"total": 5, "run": 5, "already_done": 0, "failed": 2, "diverged": 0, "missing": 0}
    status = sweep("status", "small.yaml", "--json", folder=tmp_path)
    assert status["trials"] == {"total": 5, "finished": 3, "failed": 2}
    told = sweep("status", "small.yaml", folder=tmp_path)["stderr"]
    command = re.findall(r"failed   2: .*`sweep (show \w+)` has the whole of it", told)
    assert len(command) == 1 and sweep(*command[0].split(), "--json", folder=tmp_path)["state"] == "failed"
    again = sweep("launch", "small.yaml", "--json", folder=tmp_path, code=1)
    assert again["trials"]["run"] == 0


def test_missing_data_and_too_few_examples_are_said_before_anything_runs(sweep: Sweep, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SWEEP.replace("train_size: 60", "train_size: 5000"))
    assert "at most the 1,297" in sweep("launch", "small.yaml", "--local", folder=tmp_path, code=2)["stderr"]
    (tmp_path / "small.yaml").write_text(SWEEP.replace("digits", "cifar10"))
    nowhere = {"SWEEP_DATA": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}
    stderr = sweep("launch", "small.yaml", "--local", folder=tmp_path, code=2, **nowhere)["stderr"]
    assert "CIFAR-10 is in none of" in stderr and "SWEEP_DATA" in stderr and "Traceback" not in stderr
    assert not list(tmp_path.glob("runs/records/*"))


@pytest.mark.ray
@pytest.mark.parametrize(
    ("backend", "number"),
    [("--local", signal.SIGINT), ("--json", signal.SIGINT), ("--json", signal.SIGTERM), ("--json", signal.SIGUSR1)],
    ids=["in process, SIGINT", "ray, SIGINT", "ray, SIGTERM", "ray, SIGUSR1"],
)
def test_a_signal_keeps_what_is_done_and_the_next_launch_goes_on(
    program: Program, sweep: Sweep, backend: str, number: signal.Signals, tmp_path: Path
) -> None:
    """Ray has signal handlers of its own. In this process, tests/faults/test_faults.py sends the other signals."""
    (tmp_path / "long.yaml").write_text(SWEEP.replace("epochs: 4", "epochs: 300"))
    program.with_database(tmp_path)
    running = program.start(tmp_path, "launch", "long.yaml", backend, waits=PACE)
    until(lambda: list(tmp_path.glob("runs/records/*/manifest.json")) or running.code is not None, "the first commit")
    running.send(number)
    assert "launch again to go on" in running.ends(75).err
    status = sweep("status", "long.yaml", "--json", folder=tmp_path)
    assert status["trials"]["total"] == 6 and status["trials"].get("finished", 0) < 6
    kept = rows(tmp_path)
    again = sweep("launch", "long.yaml", "--local", "--json", folder=tmp_path)
    assert again["trials"]["run"] + status["trials"].get("finished", 0) == 6
    whole = rows(tmp_path)
    assert len(kept) < len(whole) == 6 * 301 * 5
    assert whole.merge(kept).shape == kept.shape, "a row that was committed has changed"


def test_a_variant_replaces_nothing_of_another(
    sweep: Sweep, launched: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(launched[0], folder)
    whole = folder / "runs/figures/small/curves.csv"
    before = whole.read_bytes()
    changed = sweep("launch", "small.yaml", "--local", "--set", "epochs=1", "--limit", "2", "--json", folder=folder)
    assert changed["trials"] == {"total": 6, "run": 2, "already_done": 0, "failed": 0, "diverged": 0, "missing": 4}
    assert "figures/small@epochs=1/" in changed["curves"][0]["png"]
    assert [c["evidence"]["missing"] for c in changed["claims"]] == [4, 4]
    assert whole.read_bytes() == before
    with closing(sqlite3.connect(folder / "runs/mlflow.db")) as database:
        shown = database.execute(
            "SELECT e.name, r.status FROM experiments e JOIN runs r USING (experiment_id)"
            " JOIN tags t ON t.run_uuid = r.run_uuid WHERE t.key = 'sweep.role' AND t.value = 'sweep'"
        ).fetchall()
    assert {("small", "FINISHED"), ("small@epochs=1", "KILLED")} <= set(shown)


def test_records_of_other_data_never_meet_in_a_curve(
    sweep: Sweep, launched: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(launched[0], folder)
    mine = {trial.id for trial in expand(load.read(str(folder / "small.yaml")))}
    found = Ledger.read(Store(str(folder / "runs"))).of(mine)
    change_manifest.data(folder / "runs" / layout.manifest(next(iter(found.values())).bundle), "another")
    assert "different versions of the data" in sweep("curves", "small.yaml", folder=folder, code=2)["stderr"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["launch", "demoo"], "demo"),
        (["launch", "demo", "--profile", "debg"], "debug"),
        (["show", "zzzz"], "there is no store at 'runs'"),
        (["launch", "demo", "--debug", "--tracking-uri", "./mlruns"], "sqlite:///"),
        (["launch", "demo", "--debug", "--tracking-uri", "sqlite:////dev/null/mlflow.db"], "/dev/null is no folder"),
    ],
    ids=lambda a: " ".join(a) if isinstance(a, list) else "",
)
def test_what_cannot_be_done_is_one_message_and_code_2(
    sweep: Sweep, arguments: list[str], message: str, tmp_path: Path
) -> None:
    stderr = sweep(*arguments, folder=tmp_path, code=2)["stderr"]
    assert message in stderr and "Traceback" not in stderr


def test_watching_ends_when_every_trial_has_ended(sweep: Sweep, launched: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = launched
    assert sweep("status", "small.yaml", "--watch", "--json", folder=folder)["trials"]["finished"] == 6
    assert sweep("curves", "small.yaml", "--watch", "--json", folder=folder)["report"].endswith("report.html")


def test_a_recorded_trial_can_be_reproduced(sweep: Sweep, launched: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = launched
    trial = rows(folder)["trial"][0]
    found = sweep("reproduce", trial[:10], "--bundle", "--json", folder=folder)
    assert {m["finding"] for m in found["measures"]} == {"identical"}
