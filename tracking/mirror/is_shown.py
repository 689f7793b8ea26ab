"""Whether an embedded MLflow shows a sweep as it is recorded, found without MLflow, whose import takes seconds.

Looked at is what `sync` looks at to find that it has nothing to send: the status and the notes of every run. Where
anything is another, or the schema is not one that is tested, the answer is no, and `sync` finds out what is to be done.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tracking.mirror.content import notes
from tracking.mirror.content import payload as mp
from tracking.mirror.content.notes import Known
from tracking.mirror.content.payload import SweepInfo
from tracking.mirror.database import schema
from tracking.mirror.experiments import FORM, FORM_TAG
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.rows import State

NOTES = (notes.TRIAL, notes.LINE, notes.SENT, notes.MIRRORED, notes.SUPERSEDED, notes.SHOWN)
EXPERIMENT = """
SELECT e.experiment_id FROM experiments e
JOIN experiment_tags x ON x.experiment_id = e.experiment_id AND x.key = ? AND x.value = ?
WHERE e.name = ? AND e.lifecycle_stage = 'active'
"""
TAGS = "LEFT JOIN tags t{i} ON t{i}.run_uuid = r.run_uuid AND t{i}.key = '{key}'"
RUNS = f"""
SELECT r.run_uuid, r.start_time, r.status, r.end_time, {", ".join(f"t{i}.value" for i in range(len(NOTES)))}
FROM runs r JOIN tags named ON named.run_uuid = r.run_uuid AND named.key = '{notes.NAME}'
{" ".join(TAGS.format(i=i, key=key) for i, key in enumerate(NOTES))}
WHERE r.experiment_id = ? AND named.value = ? AND r.lifecycle_stage = 'active'
"""


class Shown(NamedTuple):
    """What the sweep's own run is to show. origin: the digest of what its figures, report and verdicts were made from;
    "" where that is not known. state: of the sweep."""

    origin: str
    state: State


class _Run(NamedTuple):
    known: Known
    shown: str


def is_shown(database: Path, sweep: SweepInfo, trials: Mapping[str, TrialRecord], shown: Shown) -> bool:
    """trials: what is recorded of the sweep's, by id, none of which somebody works on."""
    try:
        if not shown.origin or not database.exists() or schema.of(database) not in schema.TESTED:
            return False
        runs = _runs(database, sweep.name)
    except sqlite3.Error:  # damaged, or locked: `sync` says so
        return False
    if any(len(some) > 1 or some[0].known.superseded for some in runs.values()) or "" not in runs:
        return False
    own = runs.pop("")[0]
    lines = {key for key in runs if key.startswith(notes.LINE_PREFIX)}
    if own.shown != mp.shown(sweep, shown.origin, len(lines)) or own.known.status != mp.STATUS[shown.state]:
        return False
    return runs.keys() - lines == trials.keys() and all(
        _is_as_recorded(runs[id][0].known, sweep, mp.as_it_stands(trial, ()), own.known.id)
        for id, trial in trials.items()
    )


def _is_as_recorded(run: Known, sweep: SweepInfo, trial: TrialRecord, parent: str) -> bool:
    begun = run.started == trial.started_ms and run.status == mp.STATUS[trial.state]
    return begun and run.mirrored == mp.trial_digest(sweep, trial, parent)


def _runs(database: Path, sweep: str) -> dict[str, list[_Run]]:
    """The active runs of a sweep, by what they are known by."""
    found: dict[str, list[_Run]] = defaultdict(list)
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        for experiment in [row[0] for row in connection.execute(EXPERIMENT, (FORM_TAG, FORM, sweep))]:
            for key, run in _rows(connection, experiment, sweep):
                found[key].append(run)
    return found


def _rows(connection: sqlite3.Connection, experiment: int, sweep: str) -> Iterator[tuple[str, _Run]]:
    for id, started, status, ended, *values in connection.execute(RUNS, (experiment, sweep)):
        tags = dict(zip(NOTES, values, strict=True))
        yield notes.key(tags), _Run(Known.of(id, started, status, ended, tags), tags[notes.SHOWN] or "")
