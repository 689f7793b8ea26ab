"""Writes many new runs into an embedded store in one transaction, as MLflow's client would have written them.

The client takes about ten transactions a run. A test compares what both leave behind, field by field. It is done only
where the schema of the database is one that the tests know (`schema.TESTED`): else the client writes.
"""

import posixpath
import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tracking.common.failpoints import reached
from tracking.mirror.content import data_sets, notes
from tracking.mirror.content.curve_runs import Point
from tracking.mirror.content.data_sets import DataSet
from tracking.mirror.content.notes import Known
from tracking.mirror.database.tables import Tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

LOCK_MS = 20_000  # for another process that writes; MLflow waits as long
NAME = re.compile(r"[/\w.\- :]{1,250}")  # of what MLflow takes as the name of a param, metric or tag
COLUMNS = {  # of MLflow's tables, in the order in which they are written here
    "runs": (
        "run_uuid", "name", "user_id", "status", "start_time", "end_time", "deleted_time", "source_type", "source_name",
        "entry_point_name", "source_version", "lifecycle_stage", "artifact_uri", "experiment_id",
    ),
    "tags": ("key", "value", "run_uuid"),
    "params": ("key", "value", "run_uuid"),
    "metrics": ("key", "value", "timestamp", "step", "is_nan", "run_uuid"),
    "latest_metrics": ("key", "value", "timestamp", "step", "is_nan", "run_uuid"),
    "datasets": (
        "dataset_uuid", "experiment_id", "name", "digest", "dataset_source_type", "dataset_source", "dataset_schema",
        "dataset_profile",
    ),
    "inputs": ("input_uuid", "source_type", "source_id", "destination_type", "destination_id", "step"),
    "input_tags": ("input_uuid", "name", "value"),
}  # fmt: skip
MADE_SINCE = """
SELECT t.value FROM runs r JOIN tags t ON t.run_uuid = r.run_uuid
WHERE r.rowid > ? AND r.experiment_id = ? AND r.lifecycle_stage = 'active' AND t.key = ?
"""
Row = tuple[str | int | float | None, ...]


class NewRun(NamedTuple):
    """A run as it is to be. trial: its id. started, ended: ms since 1970; ended None while it goes on."""

    trial: str
    status: str
    started: int
    ended: int | None
    params: Mapping[str, str]
    tags: Mapping[str, str]
    points: Sequence[Point]
    data: Sequence[DataSet]

    @property
    def fits(self) -> bool:
        """Whether MLflow takes all of its names. Which it does not take, and why, its client says."""
        return all(_is_name(name) for name in {*self.params, *self.tags, *(point.key for point in self.points)})


def _is_name(name: str) -> bool:
    return bool(NAME.fullmatch(name)) and posixpath.normpath(name) == name and name[0] not in "./"


def insert(tables: Tables, runs: Sequence[NewRun]) -> dict[str, Known]:
    """Writes all of these runs or, where anything fails, none. Returns them by trial, without those that somebody else
    has made meanwhile. Raises SQLAlchemy's errors."""
    with _writing(tables) as connection:
        made = connection.exec_driver_sql(MADE_SINCE, (tables.newest, tables.experiment, notes.TRIAL)).scalars()
        there = set(made)
        new = [run for run in runs if run.trial not in there]
        named = list(zip(_ids(len(new)), new, strict=True))
        _put(connection, "runs", (_run(tables, id, run) for id, run in named))
        _put(connection, "tags", ((key, value, id) for id, run in named for key, value in run.tags.items()))
        _put(connection, "params", ((key, value, id) for id, run in named for key, value in run.params.items()))
        _put(connection, "metrics", (_point(p, id) for id, run in named for p in dict.fromkeys(run.points)))
        _put(connection, "latest_metrics", (_point(p, id) for id, run in named for p in _latest(run.points)))
        _put_data(connection, tables.experiment, named)
        reached("mirror.runs_inserted")
        newest = int(connection.exec_driver_sql("SELECT max(rowid) FROM runs").scalar() or 0)
    tables.newest = newest
    return {run.trial: Known.of(id, run.started, run.status, run.ended, run.tags) for id, run in named}


@contextmanager
def _writing(tables: Tables) -> Iterator["Connection"]:
    """A transaction that has the right to write from its beginning: nobody writes between its questions and it."""
    with tables.engine.connect() as connection:
        for name, value in (("busy_timeout", LOCK_MS), ("foreign_keys", 1)):
            connection.exec_driver_sql(f"PRAGMA {name} = {value}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
        connection.commit()


def _ids(count: int) -> list[str]:
    """Random ids that grow in time, as UUIDs of version 7 do: rows of one transaction lie together in the indexes."""
    begin = f"{time.time_ns() // 1_000_000:012x}7"
    return [begin + uuid.uuid4().hex[13:] for _ in range(count)]


def _run(tables: Tables, id: str, run: NewRun) -> Row:
    """A row of `runs`; source, entry point and version are tags nowadays."""
    source = ("UNKNOWN", "", "", "")
    where = f"{tables.artifacts.rstrip('/')}/{id}/artifacts"
    about = (id, run.tags["mlflow.runName"], run.tags.get("mlflow.user", "unknown"), run.status)
    return (*about, run.started, run.ended, None, *source, "active", where, tables.experiment)


def _point(point: Point, run: str) -> Row:
    return (point.key, point.value, point.ms, point.step, 0, run)


def _latest(points: Iterable[Point]) -> Iterable[Point]:
    """Of each metric the point with the greatest step, of these the latest, of these the greatest: as MLflow does."""
    latest: dict[str, Point] = {}
    for point in points:
        last = latest.get(point.key)
        if last is None or (point.step, point.ms, point.value) > (last.step, last.ms, last.value):
            latest[point.key] = point
    return latest.values()


def _put_data(connection: "Connection", experiment: int, runs: Sequence[tuple[str, NewRun]]) -> None:
    """The data sets that are new to the experiment, and what leads from them to the runs."""
    question = "SELECT name, digest, dataset_uuid FROM datasets WHERE experiment_id = ?"
    ids = {(name, digest): id for name, digest, id in connection.exec_driver_sql(question, (experiment,))}
    new = {(one.name, one.digest): one for _, run in runs for one in run.data if (one.name, one.digest) not in ids}
    ids |= {known: uuid.uuid4().hex for known in new}
    kind = data_sets.SOURCE_TYPE
    every = ((ids[k], experiment, *k, kind, one.source, one.schema, None) for k, one in new.items())
    _put(connection, "datasets", every)
    inputs = [(uuid.uuid4().hex, ids[one.name, one.digest], run) for run, about in runs for one in about.data]
    _put(connection, "inputs", ((id, "DATASET", one, "RUN", run, 0) for id, one, run in inputs))
    _put(connection, "input_tags", ((id, data_sets.CONTEXT_TAG, data_sets.CONTEXT) for id, _, _ in inputs))


def _put(connection: "Connection", table: str, rows: Iterable[Row]) -> None:
    """Rows by the driver itself: SQLAlchemy would look at each value."""
    if every := list(rows):
        columns = COLUMNS[table]
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", every)
