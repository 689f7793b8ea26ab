"""Puts the runs of many trials into MLflow's bin in one transaction, where its client takes one for each run.

As for runs that are inserted, a test compares what both leave behind. MLflow deletes with a run what people have judged
of it (assessments): where a database has any, its client does all of this.
"""

import time
from collections.abc import Collection

from tracking.mirror.content import notes
from tracking.mirror.database.tables import Tables

NAMED = 500  # trials that one statement names


def put_away(tables: Tables, trials: Collection[str]) -> int | None:
    """Puts the experiment's active runs of these trials into the bin. Returns how many; None where that is left to the
    client."""
    from mlflow.store.tracking.dbmodels.models import SqlAssessments, SqlRun, SqlTag
    from sqlalchemy import select, update

    runs, tags, ids = SqlRun.__table__, SqlTag.__table__, sorted(trials)
    with tables.engine.begin() as connection:
        if connection.execute(select(SqlAssessments.__table__.c.assessment_id).limit(1)).first():
            return None
        binned = 0
        for i in range(0, len(ids), NAMED):
            of_trials = select(tags.c.run_uuid).where(tags.c.key == notes.TRIAL, tags.c.value.in_(ids[i : i + NAMED]))
            active = (runs.c.experiment_id == tables.experiment, runs.c.lifecycle_stage == "active")
            into_bin = update(runs).where(*active, runs.c.run_uuid.in_(of_trials))
            now_ms = time.time_ns() // 1_000_000
            binned += connection.execute(into_bin.values(lifecycle_stage="deleted", deleted_time=now_ms)).rowcount
    return binned
