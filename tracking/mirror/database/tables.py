"""The runs of an experiment by one question to MLflow's tables, where its client would ask for pages of whole runs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracking.mirror.content import notes
from tracking.mirror.content.notes import Known
from tracking.mirror.database import schema

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from sqlalchemy import Engine

NOTES = (notes.TRIAL, notes.LINE, notes.SENT, notes.MIRRORED, notes.SUPERSEDED)


@dataclass
class Tables:
    """MLflow's tables, for one experiment.

    engine: of MLflow's own store. artifacts: the location of the experiment's. newest: the last run of all that was
    there when those of the sweep were looked for; runs that somebody else made since come after it.
    """

    engine: "Engine"
    experiment: int
    artifacts: str
    newest: int = 0

    @property
    def embedded(self) -> bool:
        """Whether they are those of a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    def found(self, sweep: str) -> list[tuple[str, Known]]:
        """The active runs of a sweep, each with what it is known by."""
        from mlflow.store.tracking.dbmodels.models import SqlRun, SqlTag
        from sqlalchemy import and_, select

        runs, of = SqlRun.__table__, {key: SqlTag.__table__.alias() for key in (notes.NAME, *NOTES)}
        source = runs
        for key, tags in of.items():
            source = source.outerjoin(tags, and_(tags.c.run_uuid == runs.c.run_uuid, tags.c.key == key))
        about = (runs.c.run_uuid, runs.c.start_time, runs.c.status, runs.c.end_time)
        question = select(*about, *(of[key].c.value for key in NOTES)).select_from(source)
        of_sweep = and_(runs.c.experiment_id == self.experiment, of[notes.NAME].c.value == sweep)
        active = runs.c.lifecycle_stage == "active"
        with self.engine.connect() as connection:
            if self.embedded:
                self.newest = int(connection.exec_driver_sql("SELECT max(rowid) FROM runs").scalar() or 0)
            return [_known(*row) for row in connection.execute(question.where(of_sweep, active))]

    def metric_names(self) -> set[str]:
        """The names of the metrics of the experiment's trials."""
        from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlRun, SqlTag
        from sqlalchemy import select

        question = (
            select(SqlLatestMetric.key)
            .distinct()
            .join(SqlRun, SqlRun.run_uuid == SqlLatestMetric.run_uuid)
            .join(SqlTag, SqlTag.run_uuid == SqlRun.run_uuid)
            .where(SqlRun.experiment_id == self.experiment, SqlTag.key == notes.TRIAL)
        )
        with self.engine.connect() as connection:
            return set(connection.execute(question).scalars())


def _known(id: str, started: int, status: str, ended: int | None, *values: str | None) -> tuple[str, Known]:
    tags = dict(zip(NOTES, values, strict=True))
    return notes.key(tags), Known.of(id, started, status, ended, tags)


def tables(client: "MlflowClient", experiment: str) -> Tables | None:
    """The tables that a client of MLflow works on; None for a server, and for a schema that is not tested."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = client._tracking_client.store
    if not isinstance(store, SqlAlchemyStore):
        return None
    with store.engine.connect() as connection:
        revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if revision not in schema.TESTED:
        return None
    return Tables(store.engine, int(experiment), client.get_experiment(experiment).artifact_location)
