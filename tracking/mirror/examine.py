"""What is wrong with an embedded MLflow database, found without MLflow: damage, another schema, an older form."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tracking.mirror.database import artifacts, schema
from tracking.mirror.experiments import FORM, FORM_TAG

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


def examine(path: Path) -> Finding | None:
    """The first thing that is wrong with a database; None where nothing is."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            answer = connection.execute("PRAGMA quick_check").fetchone()[0]
        if answer != "ok":
            return _damaged(path, answer)
        if why := schema.mismatch(path):
            return Finding(why, "", False)
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            older = connection.execute(EXPERIMENTS, (FORM_TAG, FORM)).fetchall()
    except sqlite3.Error as error:
        return _damaged(path, str(error))
    if older:
        names = ", ".join(name for name, _ in older)
        elsewhere = sorted({where for _, where in older if not where.startswith(artifacts.ROOT)})
        said = f"{path} holds {names} in an older form" + (f", with artifacts at {elsewhere[0]}" if elsewhere else "")
        return Finding(said, "`sweep sync` of each of them, or their next launch, builds them anew", True)
    return None


def _damaged(path: Path, answer: str) -> Finding:
    return Finding(f"{path}: {answer}", "remove it; `sweep sync` builds it from the records", False)
