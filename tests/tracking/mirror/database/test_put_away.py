"""Runs put into MLflow's bin by one transaction are as its client leaves them."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.support.stores.mirrored_sweep import fresh, parent, recorded, sync
from tracking.mirror.removal import remove_trials
from tracking.mirror.tracking_uri import database
from tracking.records.store import Store


@pytest.fixture
def mirrored(store: Store, uri: str, tmp_path: Path) -> str:
    sync(store, uri, parent(tmp_path / "figures"))
    return uri


@pytest.fixture
def updates() -> Iterator[list[str]]:
    """The statements that change runs, of any database."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: object) -> None:
        if statement.startswith("UPDATE runs"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def rows(uri: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables; of the time when a run was deleted only that there is one."""
    with closing(sqlite3.connect(str(database(uri)))) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        connection.execute("UPDATE runs SET deleted_time = 1 WHERE deleted_time IS NOT NULL")
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in tables}


def copied(uri: str, to: Path) -> str:
    to.mkdir()
    with closing(sqlite3.connect(str(database(uri)))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(str(database(uri)), to / "mlflow.db")
    return fresh(to)


def test_one_transaction_leaves_what_the_client_leaves(
    store: Store, mirrored: str, tmp_path: Path, updates: list[str]
) -> None:
    trials = {record.id for record in recorded(store)[:3]}
    by_client = copied(mirrored, tmp_path / "by_client")
    before = rows(mirrored)
    assert remove_trials(mirrored, trials) == 3
    assert len(updates) == 1
    assert remove_trials(by_client, trials, directly=False) == 3
    assert len(updates) == 1 + 3
    assert rows(mirrored) == rows(by_client) != before
    assert remove_trials(mirrored, trials) == remove_trials(by_client, trials, directly=False) == 0


def test_other_runs_and_what_people_have_judged_are_left_to_the_client(
    store: Store, mirrored: str, updates: list[str]
) -> None:
    from mlflow.store.tracking.dbmodels.models import SqlAssessments

    assert remove_trials(mirrored, {"no such trial"}) == 0
    columns = {column.name: 0 for column in SqlAssessments.__table__.columns}
    with closing(sqlite3.connect(str(database(mirrored)))) as connection, connection:
        statement = f"INSERT INTO assessments ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        connection.execute(statement, list(columns.values()))
    updates.clear()
    assert remove_trials(mirrored, {record.id for record in recorded(store)[:3]}) == 3
    assert len(updates) == 3, "one for each run"
