"""The tables of a new store are those that MLflow's own migrations make, statement by statement.

    SWEEP_WRITE_DOCS=1 pytest tests/tracking/mirror/database/test_empty.py

writes the statements of the installed MLflow's revision.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tracking.mirror.database import empty, schema
from tracking.mirror.sync import MIGRATING


def dump(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def parts(database: Path) -> list[tuple[list[str], list[str]]]:
    """The lines of each statement, columns in their order. Constraints and indices are in another order each time."""
    found = []
    for statement in dump(database).split(";\n"):
        lines = [line.strip(" \t,") for line in statement.splitlines()]
        constraints = sorted(line for line in lines if line.startswith("CONSTRAINT"))
        found.append(([line for line in lines if not line.startswith("CONSTRAINT")], constraints))
    return sorted(found)


def test_the_tables_are_those_of_mlflows_migrations(tmp_path: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    migrated, made = tmp_path / "migrated.db", tmp_path / "made.db"
    with MIGRATING:
        SqlAlchemyStore(f"sqlite:///{migrated}", str(tmp_path)).engine.dispose()
    with closing(sqlite3.connect(migrated)) as connection, connection:
        connection.execute("DELETE FROM experiments")  # the default one, which is no part of the tables
    revision = schema.installed()
    if os.environ.get("SWEEP_WRITE_DOCS"):
        empty.tables(revision).write_text(dump(migrated), encoding="utf-8")
    empty.make_tables(made, revision)
    assert parts(made) == parts(migrated), "run this test with SWEEP_WRITE_DOCS=1"


def test_of_a_revision_that_is_not_known_mlflow_makes_the_tables(tmp_path: Path) -> None:
    empty.make_tables(tmp_path / "new.db", "0123456789ab")
    assert not list(tmp_path.iterdir())


def test_every_revision_that_is_written_directly_has_its_tables() -> None:
    assert all(empty.tables(revision).exists() for revision in schema.TESTED)
