"""Whether MLflow shows a sweep as recorded is found without MLflow, and never where `sync` would send anything."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.stores.mirrored_sweep import SWEEP, parent, recorded, sync
from tracking.mirror import sync as mirror
from tracking.mirror.is_shown import Shown, is_shown
from tracking.mirror.tracking_uri import of_database
from tracking.records.ledger import Ledger
from tracking.records.store import Store

SHOWN = Shown("digest of rows and code", "finished")
Change = Callable[[Any, str, str], object]  # of MLflow's client, the sweep's own run, a trial's run

BY_HAND: dict[str, Change] = {
    "a trial's run is deleted": lambda client, top, trial: client.delete_run(trial),
    "the sweep's own run is deleted": lambda client, top, trial: client.delete_run(top),
    "a trial's run has another status": lambda client, top, trial: client.set_terminated(trial, "KILLED"),
    "the sweep's own run goes on": lambda client, top, trial: client.update_run(top, "RUNNING"),
    "not all of a trial is there": lambda client, top, trial: client.delete_tag(trial, "mlflow.sweep.mirrored"),
    "another sync did not end": lambda client, top, trial: client.delete_tag(top, "mlflow.sweep.shown"),
    "the experiment is of another form": lambda client, top, trial: client.set_experiment_tag(
        "1", "mlflow.sweep.form", "1"
    ),
    "a superseded run was not put away": lambda client, top, trial: client.create_run(
        "1", tags={"sweep.name": SWEEP.name, "sweep.trial_id": "w2s0", "mlflow.sweep.superseded": "by another"}
    ),
    "the experiment is deleted": lambda client, top, trial: client.delete_experiment("1"),
}


@pytest.fixture(scope="module")
def database(empty: Path, store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mirrored with all that the sweep's own run shows."""
    folder = tmp_path_factory.mktemp("mlflow")
    (folder / "mlflow.db").write_bytes(empty.read_bytes())
    sync(store, of_database(folder / "mlflow.db"), replace(parent(folder / "figures"), origin=SHOWN.origin))
    return folder / "mlflow.db"


def shown(database: Path, store: Store, what: Shown = SHOWN) -> bool:
    return is_shown(database, SWEEP, {t.id: t for t in recorded(store)}, what)


def test_what_was_mirrored_is_shown(database: Path, store: Store) -> None:
    assert shown(database, store)
    assert sync(store, of_database(database)).runs_unchanged == 6


@pytest.mark.parametrize(
    "what", [Shown("other rows", "finished"), Shown("", "finished"), SHOWN._replace(state="failed")]
)
def test_figures_of_other_rows_are_not(database: Path, store: Store, what: Shown) -> None:
    assert not shown(database, store, what)


def test_neither_are_other_trials_or_other_names_of_them(database: Path, store: Store) -> None:
    every = {t.id: t for t in recorded(store)}
    further = {**every, "w2s0": every["w2s0"]._replace(step=70)}
    fewer = {id: t for id, t in every.items() if id != "w2s0"}
    for trials in (further, fewer):
        assert not is_shown(database, SWEEP, trials, SHOWN)
    assert not is_shown(database, replace(SWEEP, varied=("seed",)), every, SHOWN)
    assert not is_shown(database, replace(SWEEP, name="other"), every, SHOWN)


def test_there_is_no_database(tmp_path: Path, store: Store) -> None:
    assert not shown(tmp_path / "mlflow.db", store)
    (tmp_path / "mlflow.db").write_bytes(b"no database")
    assert not shown(tmp_path / "mlflow.db", store)


@pytest.mark.parametrize("what", BY_HAND)
def test_a_change_by_hand_is_found_and_sync_mends_it(what: str, store: Store, uri: str, tmp_path: Path) -> None:
    about = replace(parent(tmp_path / "figures"), origin=SHOWN.origin)
    sync(store, uri, about)
    client = mirror.connect(uri)
    (top,), (trial,) = (
        client.search_runs(["1"], f"tags.{which}") for which in ("`sweep.role` = 'sweep'", "`sweep.trial_id` = 'w2s0'")
    )
    BY_HAND[what](client, top.info.run_id, trial.info.run_id)
    assert not shown(tmp_path / "mlflow.db", store)
    mirror.sync(SWEEP, recorded(store), Ledger.read(store), uri, about)
    assert shown(tmp_path / "mlflow.db", store)
