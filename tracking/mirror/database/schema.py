"""Which version of MLflow's schema a SQLite database has, and whether the installed MLflow can use it.

MLflow changes the schema in every minor version, refuses a database of any other, and migrates an empty or older one
when a newer MLflow merely opens it: the way back is a database made anew from the records.
"""

import functools
import shlex
import sqlite3
from contextlib import closing
from importlib import metadata
from pathlib import Path

from tracking.records.command_lines import syncs
from tracking.records.files.storage import Files

# The last revision of each minor version, read from its wheels on the package index.
WRITTEN_BY = {
    "b7e4c1a90f23": "3.14",
    "6f8d9c3b2a1e": "3.15",
    "b7e2c1a4d9f3": "3.16",
    "dc11669786a5": "3.17",
    "f4a9b2c7d1e6": "3.18",
}
TESTED = frozenset({"dc11669786a5"})  # schemas whose tables are read and written directly: the tests have compared them


def of(path: Path) -> str:
    """The revision of a database; "" where it has none. Opens it read-only: MLflow itself is not asked.

    Raises sqlite3.Error where the file is no database, or cannot be read.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchall()
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone() if tables else None
    return str(found[0]) if found else ""


@functools.cache
def installed() -> str:
    """The revision that the installed MLflow works with. Cached: the mirror asks at every round."""
    from alembic.script import ScriptDirectory  # with SQLAlchemy, which a launch need not wait for

    scripts = metadata.distribution("mlflow").locate_file("mlflow/store/db_migrations")
    return str(ScriptDirectory(str(scripts)).get_current_head())


def mismatch(path: Path) -> str:
    """Why the installed MLflow cannot use a database, and what to do; "" where it can."""
    there, here = of(path), installed()
    if there == here:
        return ""
    ours = metadata.version("mlflow")
    known = WRITTEN_BY.get(there)
    writer = f"MLflow {known}" if known else "another version of MLflow"
    other = f"`pip install 'mlflow=={known}.*'`, or " if known else ""
    again = syncs(Files(str(path.parent)))
    return (
        f"{path} was written or migrated by {writer} (schema {there or 'none'}), and MLflow {ours} is installed "
        f"(schema {here}); {other}`rm {shlex.quote(str(path))}`, after which {again} builds it anew from the records"
    )
