"""The MLflow mirror: a sweep is a run, its trials are the runs below it, all of it rebuilt from the records at will.

`sync` may be called again after anything: a crash, a lost reply, a wiped database, a run deleted by hand, another
`sync` at the same time. Runs are found again by their tags, timestamps come from the records, and a run is marked as
ended only when everything else of it is there. MLflow is written from here and nowhere else.
"""

import logging
import sqlite3
import threading
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tracking.common.errors import Refused, Unreachable, Unusable
from tracking.common.hide_passwords import public
from tracking.common.named_files.plugins import unknown
from tracking.mirror.content import payload as mp
from tracking.mirror.content import views
from tracking.mirror.content.payload import Parent, SweepInfo
from tracking.mirror.database import schema
from tracking.mirror.database.empty import make_tables
from tracking.mirror.database.tables import tables
from tracking.mirror.experiments import FORM_TAG, find
from tracking.mirror.reaching import installed, load, quiet, reaching
from tracking.mirror.runs import SyncReport
from tracking.mirror.tracking_uri import check, check_place, database, make_once, of_database
from tracking.mirror.writer import Writer
from tracking.records import layout
from tracking.records.command_lines import command
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient


def sync(
    sweep: SweepInfo,
    trials: Iterable[TrialRecord],
    ledger: Ledger,
    tracking_uri: str,
    parent: Parent | None = None,
    at_work: Collection[str] | None = None,
    directly: bool = True,
) -> SyncReport:
    """Makes MLflow show these trials as they are recorded. `at_work`: those that somebody works on, None meaning all;
    what is unfinished and not among them is shown as killed, until somebody goes on with it. `directly`: whether the
    tables of a database may be used where they are known; by the client alone the same takes ten times as long.

    Raises Refused for a tracking URI that cannot be used, Unreachable when MLflow cannot be written. What is wrong with
    a single run is reported, and the others are written.
    """
    with reaching(tracking_uri):
        prepare(tracking_uri)
        client = connect(tracking_uri)
        try:
            path = database(tracking_uri)
            experiment = find(client, sweep, path is not None)
            known, server = tables(client, experiment.id) if directly else None, tracking_uri.startswith("http")
            report = SyncReport(rebuilt=experiment.rebuilt)
            writer = Writer(client, sweep, ledger, experiment.id, path, known, server, report)
            writer.write([mp.as_it_stands(t, at_work) for t in trials], parent, at_work is None or bool(at_work))
        finally:
            close(client)
    return report


def close(client: "MlflowClient") -> None:
    """Lets go of a SQLite file: who deletes it between two rounds gets a new one, not one that nobody can see."""
    engine = getattr(client._tracking_client.store, "engine", None)
    if engine is not None:
        engine.dispose()


def connect(tracking_uri: str) -> "MlflowClient":
    """A client of the tracking store, which must exist. Raises Refused for MLflow's retired file store."""
    load(tracking_uri)
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri)


def prepare(tracking_uri: str) -> None:
    """Loads MLflow, and creates the SQLite store if it is not there.

    Raises Refused for an address that cannot be used; Unusable where MLflow is not installed, and for a store that
    cannot be made, or was written or migrated by another MLflow.
    """
    check(tracking_uri)
    path = database(tracking_uri)
    if path is not None and path.exists():
        _check_schema(path)
    load(tracking_uri)
    if path is not None and not path.exists():
        check_place(path)
        make_once(path, _create)


def _check_schema(path: Path) -> None:
    try:
        with installed():
            why = schema.mismatch(path)
    except sqlite3.Error as error:
        busy = isinstance(error, sqlite3.OperationalError)  # it is locked, or its disk fails: that may pass
        why = f"{path} cannot be read: {error}; where it is damaged, remove it: it is built anew from the records"
        raise (Unreachable if busy else Unusable)(why) from error
    if why:
        raise Unusable(why)


MIGRATING = threading.Lock()  # Alembic keeps the migration that runs in one global of the process


def _create(path: Path, artifact_root: str) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    make_tables(path, schema.installed())
    with MIGRATING, quiet(logging.getLogger("mlflow")):
        SqlAlchemyStore(of_database(path), artifact_root).engine.dispose()


def page(tracking_uri: str, sweep: str | None, store: Store) -> str:
    """The part of an address that opens a sweep's table of trials in MLflow's pages, or the list of experiments.

    sweep: a variant, or a name or the path of a file where there is one variant of it. store: which this MLflow shows.
    Raises Refused where MLflow has none, or several.
    """
    if sweep is None:
        return "#/experiments?workflowType=machine_learning"
    client = connect(tracking_uri)
    try:
        experiments = {e.name: e.experiment_id for e in client.search_experiments() if FORM_TAG in e.tags}
    finally:
        close(client)
    name = Path(sweep).stem if sweep.endswith((".yaml", ".yml")) else sweep
    variants = [one for one in experiments if one == name or one.startswith(f"{name}@")]
    chosen = name if name in experiments else "".join(variants) if len(variants) == 1 else ""
    if not chosen:
        known = sorted(variants or experiments)
        raise Refused(
            f"{unknown('sweep in MLflow', name, known)}; {_bringing(name, store, tracking_uri)} brings it there"
        )
    return views.address(experiments[chosen], "trials")


def _bringing(name: str, store: Store, tracking_uri: str) -> str:
    """The command that brings a sweep of a store to MLflow."""
    default = store.files.local and tracking_uri == of_database(Path(store.root, layout.MLFLOW_DATABASE))
    words = () if default else ("--tracking-uri", public(tracking_uri))
    return f"`{command('sync', name, *words, store=store.root)}`"
