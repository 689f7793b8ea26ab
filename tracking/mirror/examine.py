"""What is wrong with an embedded MLflow database, found without MLflow: damage, another schema, an older form."""

import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tracking.mirror.database import artifacts, schema
from tracking.mirror.experiments import FORM, FORM_TAG
from tracking.mirror.reaching import installed
from tracking.records.command_lines import of_each, syncs
from tracking.records.store import Store

EXPERIMENTS = """
SELECT e.name, e.artifact_location FROM experiments e
WHERE e.lifecycle_stage = 'active'
  AND EXISTS (SELECT 1 FROM runs r JOIN tags t ON t.run_uuid = r.run_uuid
              WHERE r.experiment_id = e.experiment_id AND t.key = 'sweep.name')
  AND NOT EXISTS (SELECT 1 FROM experiment_tags x
                  WHERE x.experiment_id = e.experiment_id AND x.key = ? AND x.value = ?)
"""


class Finding(NamedTuple):
    """What was found, and what to do about it; `works`: whether a launch can go on writing there as it is."""

    text: str
    remedy: str
    works: bool


def examine(path: Path, store: Store, *words: str) -> Finding | None:
    """The first thing that is wrong with a database that shows a store; None where nothing is. words: what `sweep sync`
    is given besides, to write to this database. Raises Unusable where MLflow is not installed."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            answer = connection.execute("PRAGMA quick_check").fetchone()[0]
        if answer != "ok":
            return _damaged(path, answer, store, *words)
        with installed():
            why = schema.mismatch(path)
        if why:
            return Finding(why, "", False)
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            older = connection.execute(EXPERIMENTS, (FORM_TAG, FORM)).fetchall()
    except sqlite3.Error as error:
        return _damaged(path, str(error), store, *words)
    if older:
        names = ", ".join(name for name, _ in older)
        elsewhere = sorted({where for _, where in older if not where.startswith(artifacts.ROOT)})
        said = f"{path} holds {names} in an older form" + (f", with artifacts at {elsewhere[0]}" if elsewhere else "")
        again = of_each("sync", [name for name, _ in older], *words, store=store.root)
        return Finding(said, f"{again} builds them anew, as does their next launch", True)
    return None


def _damaged(path: Path, answer: str, store: Store, *words: str) -> Finding:
    remedy = f"remove it (`rm {shlex.quote(str(path))}`); {syncs(store.files, *words)} builds it from the records"
    return Finding(f"{path}: {answer}", remedy, False)
