"""Runs written to MLflow's tables directly equal those that its client writes; faults leave nothing half written."""

import os
import resource
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.stores.mirrored_sweep import (
    ABOUT,
    SWEEP,
    everything,
    fresh,
    parent,
    recorded,
    runs,
    sync,
    train,
    trial,
)
from tracking.common import failpoints
from tracking.common.errors import Unreachable
from tracking.mirror import sync as mirror
from tracking.mirror.content import notes
from tracking.mirror.database import insert, schema
from tracking.mirror.database.tables import tables
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from tracking.records.writer import Writer


def every_field(uri: str) -> dict[str, Any]:
    """All that MLflow's interface says of each run of the sweep, with names in the place of its random ids."""
    client = mirror.connect(uri)
    (found,) = (e for e in client.search_experiments() if e.name == SWEEP.name)
    all_runs = client.search_runs([found.experiment_id], max_results=100)
    names = {run.info.run_id: notes.key(run.data.tags) for run in all_runs}
    out = {}
    for run in all_runs:
        said = run.to_dictionary()
        history = {key: client.get_metric_history(run.info.run_id, key) for key in run.data.metrics}
        said["history"] = {key: sorted((m.step, m.timestamp, m.value) for m in h) for key, h in history.items()}
        said["data"]["tags"].pop(notes.MIRRORED, "")  # of the id of the run above
        out[names[run.info.run_id]] = _replaced(said, names)
    return out


def _replaced(said: Any, names: dict[str, str]) -> Any:
    if isinstance(said, dict):
        return {key: _replaced(value, names) for key, value in said.items()}
    if isinstance(said, list):
        return [_replaced(value, names) for value in said]
    for id, name in names.items() if isinstance(said, str) else ():
        said = said.replace(id, f"<{name}>")
    return said


@pytest.fixture
def unfinished(tmp_path: Path) -> Store:
    """Trials in every state but those of `store`: one that goes on."""
    store = Store(str(tmp_path / "records"))
    train(Writer.begin(store, "b", "network", [trial(2, 0)], ABOUT), range(20))
    return store


@pytest.mark.parametrize("which", ["store", "unfinished"])
def test_every_field_is_as_mlflows_client_writes_it(
    which: str, request: pytest.FixtureRequest, empty: Path, tmp_path: Path
) -> None:
    records, said = request.getfixturevalue(which), []
    for directly in (True, False):
        folder = tmp_path / str(directly)
        folder.mkdir()
        (folder / "mlflow.db").write_bytes(empty.read_bytes())
        about, trials = parent(tmp_path / "figures"), recorded(records)
        report = mirror.sync(SWEEP, trials, Ledger.read(records), fresh(folder), about, directly=directly)
        said.append((report, every_field(fresh(folder))))
    (report, direct), (by_client, truth) = said
    assert report == by_client and direct.keys() == truth.keys()
    for key, fields in truth.items():
        assert direct[key] == fields, key


def test_the_tables_are_those_of_the_installed_mlflow() -> None:
    from mlflow.store.tracking.dbmodels import models

    every = {model.class_.__tablename__: model.class_.__table__ for model in models.Base.registry.mappers}
    assert schema.installed() in schema.TESTED
    for name, columns in insert.COLUMNS.items():
        assert {column.name for column in every[name].columns} == set(columns), name


def test_a_schema_that_is_not_tested_is_left_to_the_client(
    store: Store, truth: dict[str, Any], uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "TESTED", frozenset({"0123"}))
    monkeypatch.setenv(failpoints.VARIABLE, "mirror.runs_inserted=raise@1")
    sync(store, uri, parent(tmp_path / "figures"))
    assert everything(uri) == truth


def in_a_child(act: Callable[[], object]) -> int:
    """Does this in a copy of this process; its exit code, negative where a signal has killed it."""
    child = os.fork()
    if not child:
        code = 1
        try:
            act()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("place", ["mirror.runs_inserted=kill@1", "mirror.runs_inserted=raise@1"])
def test_a_transaction_that_does_not_end_leaves_nothing(
    place: str, store: Store, truth: dict[str, Any], uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = parent(tmp_path / "figures")
    with monkeypatch.context() as patch:
        patch.setenv(failpoints.VARIABLE, place)
        assert in_a_child(lambda: sync(store, uri, about)) == (-signal.SIGKILL if "kill" in place else 1)
    assert runs(uri).keys() == {""}
    sync(store, uri, about)
    assert everything(uri) == truth


def test_a_locked_database_is_said_and_nothing_is_written(
    store: Store, truth: dict[str, Any], uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insert, "LOCK_MS", 50)
    mirror.sync(SWEEP, recorded(store)[:2], Ledger.read(store), uri)
    with closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unreachable, match="database is locked"):
            sync(store, uri)
    assert len(runs(uri)) == 3
    sync(store, uri, parent(tmp_path / "figures"))
    assert everything(uri) == truth


def test_after_a_full_disk_the_same_process_writes_all(
    store: Store, truth: dict[str, Any], uri: str, tmp_path: Path
) -> None:
    about = parent(tmp_path / "figures")
    mirror.sync(SWEEP, recorded(store)[:1], Ledger.read(store), uri)

    def write() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))  # less than what is there
        with pytest.raises(Unreachable, match=r"full|I/O"):
            sync(store, uri)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        sync(store, uri, about)

    assert in_a_child(write) == 0
    assert everything(uri) == truth


def test_what_somebody_else_has_made_meanwhile_is_not_made_twice(store: Store, uri: str) -> None:
    mirror.sync(SWEEP, recorded(store)[:1], Ledger.read(store), uri)
    known = tables(mirror.connect(uri), "1")
    assert known and len(known.found(SWEEP.name)) == 2
    sync(store, uri)
    made = [t.id for t in recorded(store)[1:]]
    new = [
        insert.NewRun(id, "FINISHED", 1, 2, {}, {"mlflow.runName": id, notes.TRIAL: id}, [], []) for id in (*made, "x")
    ]
    assert insert.insert(known, new).keys() == {"x"}


def test_a_name_that_mlflow_refuses_is_left_to_its_client_which_says_why(store: Store, uri: str) -> None:
    first, *rest = recorded(store)
    odd = first._replace(settings={**first.settings, "what?": 1})
    report = mirror.sync(SWEEP, [odd, *rest], Ledger.read(store), uri)
    assert report.behind == [first.id] and "what?" in report.problems[0]
    assert len(runs(uri)) == len(rest) + 2
