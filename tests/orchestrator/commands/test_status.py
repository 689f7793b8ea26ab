"""How far a launch is, as it says in the store and as `sweep status` shows it to whoever asks."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.commands.rendering import render_status
from orchestrator.commands.rendering.render_status import Working
from orchestrator.execution.progress import Progress
from orchestrator.execution.store import publish_progress
from orchestrator.execution.store.publish_progress import published
from orchestrator.planning.plan import compare
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.launching import command_line
from tests.support.networks.two_bundles import BUNDLES, FIRST, SECOND
from tests.support.stores.recorded_sweeps import launched, record, write
from tracking.common.errors import StorageFailed
from tracking.records import layout, live_progress
from tracking.records.kept_sweeps import sweeps_of_store
from tracking.records.kept_sweeps.kept_sweep import AT_WORK
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.leases import lease
from tracking.records.leases.lease_file import Claim
from tracking.records.ledger import Ledger
from tracking.records.live_progress import LiveProgress, RunningBundle
from tracking.records.store import Store
from workers.bundle import Report

CLAIM = Claim(1, b"", False, "here", pid=7, since_ms=1000, sweep="demo")
SAID = LiveProgress(
    at_ms=0, done=0.25, summary="2/8 trials, 90 images/s, 3 min left", left_s=180.0,
    running=(RunningBundle(which="width 2", models=2, step=5, steps=10, train_error=0.25),
             RunningBundle(which="width 4", models=2, step=-1, steps=10)),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "runs"), lease=1)


def said(store: Store) -> LiveProgress | None:
    return live_progress.read(store.files, 1)


def test_a_launch_says_what_its_live_view_shows_until_it_ends(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_progress, "LOCAL_S", 0.0)
    progress = Progress(BUNDLES)
    with published(progress, store) as publish:
        assert (first := said(store)) and first.running == () and first.done == 0
        progress.add(Report(FIRST.id, 5, {}, 500, 0.25, 0.7))
        progress.add(Report(SECOND.id, -1, {}, 0))
        publish()
        found = said(store)
        assert found and 0 < found.done < 0.5 and {*found.running} == {*SAID.running}
        assert found.summary.startswith("0/4 trials") and found.left_s and found.left_s > 0
    assert said(store) is None


def test_it_writes_seldom(store: Store) -> None:
    progress = Progress(BUNDLES)
    with published(progress, store) as publish:
        before = said(store)
        progress.add(Report(FIRST.id, 5, {}, 500, 0.25, 0.7))
        publish()
        assert said(store) == before


def test_a_launch_goes_on_where_it_cannot_say_anything_and_no_link_is_followed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/progress").symlink_to(tmp_path / "elsewhere")
    with published(Progress(BUNDLES), store) as publish:
        publish()
    assert not [*(tmp_path / "elsewhere").iterdir()]
    with pytest.raises(StorageFailed):
        said(store)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"at_ms": "x"}', b"\xff"])
def test_what_cannot_be_understood_is_as_if_nothing_was_said(store: Store, content: bytes) -> None:
    store.files.write(layout.progress(1), content)
    assert said(store) is None


def test_status_shows_epoch_error_and_time_left(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = read("demo", "debug")
    trials = expand(sweep)
    plan = compare(trials, Ledger.read(store))
    render_status.status(
        sweep, plan, [Working(CLAIM, SAID), Working(CLAIM, None)], None, ("a note",), "runs", as_json=False
    )
    shown = capsys.readouterr().err
    assert "width 2" in shown and "5/10" in shown and "0.250" in shown and "starting" in shown
    assert "launch   25%, 2/8 trials, 90 images/s, 3 min left; as of" in shown and "note: a note" in shown
    render_status.status(sweep, plan, [Working(CLAIM, SAID)], None, (), "runs", as_json=True)
    plain = json.loads(capsys.readouterr().out)
    assert plain["trials"] == {"total": len(trials), "missing": len(trials)} and plain["to_measure"] == []
    assert plain["launches"][0]["running"][0]["train_error"] == 0.25 and plain["launches"][0]["left_s"] == 180.0


def reported(capsys: pytest.CaptureFixture[str], trial: str) -> str:
    """The state of a trial in trials.csv, which is also that of the report."""
    command_line.run(capsys, "curves", "x.yaml")
    table = csv.DictReader(Path("runs/figures/x/trials.csv").read_text().splitlines())
    (line,) = (line for line in table if line["trial"] == trial)
    report = Path("runs/figures/x/report.html").read_text()
    assert f'1 <span class="{line["state"]}">{line["state"]}</span>' in report
    assert ("is in progress" in report, "is not complete" in report) == (
        line["state"] == "running",
        line["state"] != "running",
    )
    return line["state"]


def test_a_trial_is_running_while_a_launch_works_on_it_and_interrupted_once_that_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    store, file = Store("runs"), write(tmp_path / "x.yaml")
    with pytest.raises(KeyboardInterrupt):
        launched(file, store, interrupted=True)
    kept = KeptSweeps.read(store.files).by_variant["x"]
    killed = replace(kept.launches[0], ended_ms=0, outcome=AT_WORK)
    sweeps_of_store.write(store.files, kept.with_launch(killed))
    first, *others = expand(read(str(file)))
    record([first], store, ended=False)
    states = {"total": 1 + len(others), "missing": len(others)}

    with lease.acquire(store.files, "x", frozenset({first.id}), print):
        working = command_line.run(capsys, "status", "x.yaml", "--json").json
        assert working["trials"] == {**states, "running": 1} and working["last_launch"]["outcome"] == ""
        assert reported(capsys, first.id) == "running"
    for command, found in (("status", {}), ("plan", {"to_run": states["total"]})):
        plain = command_line.run(capsys, command, "x.yaml", "--json").json
        assert plain["trials"] == {**states, **found, "interrupted": 1}
    assert command_line.run(capsys, "ls", "--json").json["sweeps"][0]["trials"] == {**states, "interrupted": 1}
    assert command_line.run(capsys, "show", first.id, "--json").json["state"] == "interrupted"

    assert reported(capsys, first.id) == "interrupted"

    said = command_line.run(capsys, "status", "x.yaml").err
    assert "interrupted step 2; last commit" in said
    assert "ended early (killed): `sweep launch x.yaml` goes on with it" in said
