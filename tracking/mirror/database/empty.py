"""Makes the tables of a new SQLite store at once. MLflow's migrations, one for each change since 2019, take a second.

`<revision>.sql` is what they leave: `tests/tracking/mirror/database/test_empty.py` compares, and writes it.
"""

import sqlite3
from contextlib import closing
from pathlib import Path


def tables(revision: str) -> Path:
    """The statements that make the tables of this revision of MLflow's schema; the file need not exist."""
    return Path(__file__).with_name(f"{revision}.sql")


def make_tables(database: Path, revision: str) -> None:
    """Makes them in a new file, in one transaction. Does nothing where the revision is not known here: MLflow migrates
    what it opens. Raises sqlite3.Error."""
    if (statements := tables(revision)).exists():
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(statements.read_text(encoding="utf-8"))
