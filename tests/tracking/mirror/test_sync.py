"""A sync makes MLflow show what is recorded, whatever happened to MLflow before: on real SQLite stores."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.stores.mirrored_sweep import (
    ABOUT,
    EPOCHS,
    SWEEP,
    everything,
    fresh,
    measured,
    parent,
    recorded,
    records,
    runs,
    sync,
    train,
    trial,
)
from tracking.common.errors import Unreachable
from tracking.mirror import sync as mirror
from tracking.mirror.content.payload import fixed_params
from tracking.mirror.removal import remove_sweep
from tracking.mirror.runs import SyncReport
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import Observed
from tracking.records.rows import Outcome, Row
from tracking.records.store import Store
from tracking.records.writer import Writer


def test_a_second_sync_sends_nothing_and_changes_nothing(
    store: Store, truth: dict[str, Any], uri: str, tmp_path: Path
) -> None:
    first, second = (sync(store, uri, parent(tmp_path / "figures")) for _ in range(2))
    assert (first.runs_created, first.behind, first.problems) == (8, [], [])
    assert second == SyncReport(runs_unchanged=6)
    assert everything(uri) == truth


def test_a_lost_database_is_rebuilt_the_same_from_a_sync_that_died_anywhere(
    store: Store, truth: dict[str, Any], uri: str, tmp_path: Path
) -> None:
    half = recorded(store)[::2]
    mirror.sync(SWEEP, half, Ledger.read(store), uri)
    client = mirror.connect(uri)
    (run,) = client.search_runs(["1"], "tags.`sweep.trial_id` = 'w2s0'")
    client.delete_tag(run.info.run_id, "mlflow.sweep.sent")  # died after its points, before its last tags
    client.delete_tag(run.info.run_id, "mlflow.sweep.mirrored")
    sync(store, uri, parent(tmp_path / "figures"))
    assert everything(uri) == truth


def test_a_removed_experiment_is_in_the_bin_and_a_later_sync_brings_it_back(
    store: Store, truth: dict[str, Any], uri: str, tmp_path: Path
) -> None:
    sync(store, uri, parent(tmp_path / "figures"))
    assert remove_sweep(uri, SWEEP.name)
    assert mirror.connect(uri).get_experiment_by_name(SWEEP.name).lifecycle_stage == "deleted"
    assert not remove_sweep(uri, SWEEP.name) and not remove_sweep(uri, "Default"), "nor what is not this program's"
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
    assert (report.superseded, report.runs_created) == (3, 0), "of the trial, of the sweep, and of the curve's line"
    assert everything(uri) == truth


def test_two_syncs_at_once_leave_one_run_a_trial(store: Store, truth: dict[str, Any], uri: str, tmp_path: Path) -> None:
    about = parent(tmp_path / "figures")

    def until_written(_: int) -> None:
        """As the mirror of a launch does: on a busy machine one may hold the database for longer than MLflow waits."""
        while True:
            try:
                sync(store, uri, about)
                return
            except Unreachable as error:
                assert "database is locked" in str(error)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(until_written, range(2)))
    sync(store, uri, about)
    assert everything(uri) == truth


def test_a_line_whose_points_have_changed_is_a_new_run(store: Store, uri: str, tmp_path: Path) -> None:
    """MLflow cannot take a point back: without this, more seeds would draw two curves into one chart."""
    sync(store, uri, parent(tmp_path / "figures"))
    assert sync(store, uri, parent(tmp_path / "figures", n=5.0)).superseded == 1
    shown = [p[:3] for p in everything(uri)["line: error: test"][3] if p[0] == "curve_seeds/error n"]
    assert shown == [("curve_seeds/error n", 2, 5.0), ("curve_seeds/error n", 16, 5.0)]


def test_what_is_trained_anew_is_shown_as_in_a_new_database_also_after_a_sync_that_died(
    store: Store, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `sweep rm` and another launch, twice: the experiment comes back from the bin, with all runs of before."""
    for before in (store, records(tmp_path / "second")):
        sync(before, uri, parent(tmp_path / "figures"))
        remove_sweep(uri, SWEEP.name)
    again, new = records(tmp_path / "again"), fresh(tmp_path / "again")
    for place in ("mirror.experiment_restored", "mirror.superseded"):
        monkeypatch.setenv("SWEEP_FAILPOINTS", f"{place}=raise@1")
        with pytest.raises(OSError, match=place):
            sync(again, uri, parent(tmp_path / "figures"))
    monkeypatch.delenv("SWEEP_FAILPOINTS")
    for where in (uri, new):
        sync(again, where, parent(tmp_path / "figures"))
    assert everything(uri) == everything(new)


def test_settings_of_a_choice_that_varies_are_not_fixed(store: Store) -> None:
    """One trial has optimizer.schedule.final, another one has not: which one is asked must not matter."""
    first = recorded(store)[0]
    schedules = ({"name": "cosine", "final": 0.0}, {"name": "loss_based", "growth": 2.0})
    about = replace(SWEEP, varied=("optimizer.schedule.name", "seed"))
    each = [first._replace(settings={**first.settings, "optimizer": {"schedule": one}}) for one in schedules]
    one, other = (fixed_params(about, trial) for trial in each)
    assert one == other and "epochs" in one


def test_fixed_settings_that_change_replace_the_sweeps_run_and_what_is_below_it_follows(
    store: Store, uri: str, tmp_path: Path
) -> None:
    """MLflow changes no param."""
    mirror.sync(SWEEP, recorded(store)[:2], Ledger.read(store), uri, parent(tmp_path / "figures"))
    longer = [r._replace(settings={**r.settings, "epochs": 61}) for r in recorded(store)[2:]]
    report = mirror.sync(SWEEP, longer, Ledger.read(store), uri, parent(tmp_path / "figures"))
    assert (report.superseded, report.problems) == (2, []), "and the curve's line, which has the sweep's start"
    (top,) = mirror.connect(uri).search_runs(["1"], "tags.`sweep.role` = 'sweep'")
    below = mirror.connect(uri).search_runs(["1"], f"tags.`mlflow.parentRunId` = '{top.info.run_id}'")
    assert top.data.params["epochs"] == "61"
    assert {r.data.tags["sweep.role"] for r in below} == {"trial", "curve"} and len(below) == len(longer) + 1


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


def test_a_measure_that_was_added_later_gets_its_points_as_if_it_had_been_there(empty: Path, tmp_path: Path) -> None:
    store, copies = Store(str(tmp_path)), [tmp_path / name for name in ("live", "after")]
    for copy in copies:
        copy.mkdir()
        (copy / "mlflow.db").write_bytes(empty.read_bytes())
    live, after = (fresh(copy) for copy in copies)
    ended = {"w2s0": Outcome("finished", EPOCHS - 1, "epochs done")}
    names = sorted({row.measure for row in measured("w2s0", 0)})
    observed = Observed(tuple((name, "") for name in names), 1)
    train(Writer.begin(store, "b", "network", [trial(2, 0)], ABOUT, observed=observed), range(EPOCHS), ended)
    assert sync(store, live).points_sent and not sync(store, live).points_sent
    added = Writer.begin(store, "c", "network", [trial(2, 0)], ABOUT, observed=Observed((("margin", ""),), 1))
    added.add([Row("w2s0", step, "train", "margin", "", -1.0) for step in range(EPOCHS)], ended)
    added.commit(EPOCHS - 1, None)
    assert sync(store, live).superseded == 0 and not sync(store, live).points_sent
    sync(store, after)
    shown = everything(live)
    assert shown == everything(after) and "margin/train" in str(shown["w2s0"])


def test_what_mlflow_refuses_for_one_run_does_not_stop_the_others(store: Store, uri: str) -> None:
    sync(store, uri)
    changed = [r._replace(settings={**r.settings, "epochs": 61}) if r.id == "w2s0" else r for r in recorded(store)]
    again = [r._replace(reason="looked at again") for r in changed]
    report = mirror.sync(SWEEP, again, Ledger.read(store), uri)
    assert report.behind == ["w2s0"] and "epochs" in report.problems[0] and report.runs_updated == 5


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
    mirror.sync(SWEEP, recorded(store), Ledger.read(store), uri, None, at_work=())
    killed = everything(uri)
    assert {info[1] for info, *_ in killed.values()} == {"KILLED"}
    assert killed["w2s0"][2]["sweep.reason"] == "interrupted after step 19; the next launch goes on"
    assert mirror.sync(SWEEP, recorded(store), Ledger.read(store), uri, None, at_work=()).points_sent == 0
    sync(store, uri)
    assert {status for status, _ in runs(uri).values()} == {"RUNNING"}
    train(writer, range(20, EPOCHS), {"w2s0": Outcome("finished", EPOCHS - 1, "epochs done")})
    sync(store, uri, parent(tmp_path / "figures"))
    assert {id: run for id, (_, run) in runs(uri).items()} == {id: run for id, (_, run) in before.items()}

    (tmp_path / "direct").mkdir()
    (tmp_path / "direct" / "mlflow.db").write_bytes(empty.read_bytes())
    sync(store, fresh(tmp_path / "direct"), parent(tmp_path / "figures"))
    assert everything(uri) == everything(fresh(tmp_path / "direct"))


def test_a_run_that_belongs_to_no_trial_any_more_does_not_run_for_ever(tmp_path: Path, uri: str) -> None:
    store = Store(str(tmp_path))
    train(Writer.begin(store, "b", "network", [trial(2, 0), trial(2, 1)], ABOUT), range(5))
    sync(store, uri)
    mirror.sync(SWEEP, [r for r in recorded(store) if r.id == "w2s1"], Ledger.read(store), uri)
    assert {id: status for id, (status, _) in runs(uri).items()} == {"": "RUNNING", "w2s0": "KILLED", "w2s1": "RUNNING"}
