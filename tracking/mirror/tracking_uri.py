"""Where a mirror lives: what a tracking URI points at, and the command that shows it. Imports no MLflow."""

import errno
import fcntl
import os
import re
import sqlite3
import stat
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from tracking.common.errors import Refused, Unreachable, Unusable
from tracking.common.failpoints import reached
from tracking.common.hide_passwords import public
from tracking.mirror.database import artifacts
from tracking.mirror.mlflow_settings import ENVIRONMENT
from tracking.records.files.local_disk import on_local_disk, without_links

KINDS = ("sqlite", "http", "https", "postgresql", "mysql", "mssql")
SERVERS = ("postgresql", "mysql", "mssql")  # with drivers of their own
BESIDE = ("-wal", "-shm", "-journal")  # endings of what SQLite keeps beside its file
SQLITE = re.compile(r"sqlite(\+pysqlite)?:///")
DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.ETIMEDOUT})  # it may mend itself
LOCK_S = 30.0  # for another process that makes a database; it takes seconds


def check(tracking_uri: str) -> None:
    """Raises Refused for what MLflow cannot use (its retired file store, unknown kinds, a missing driver), and for a
    database that is a link, as one in a store may be."""
    path = database(tracking_uri)
    if path is not None and os.path.islink(path):
        raise Refused(
            f"MLflow's database {path} is a link to '{os.readlink(path)}', and no link inside a store is followed; "
            "give the address of the database itself, as in --tracking-uri sqlite:////absolute/path/mlflow.db"
        )
    if path is not None and os.path.exists(path):
        _check_beside(path)
    scheme = tracking_uri.partition("://")[0] if "://" in tracking_uri else tracking_uri.partition(":")[0]
    if "://" not in tracking_uri or scheme == "file":
        raise Refused(
            f"tracking URI '{public(tracking_uri)}' is a folder, which MLflow no longer writes to; give a database "
            "(sqlite:////absolute/path/mlflow.db) or a server (http://host:5000)"
        )
    if scheme.partition("+")[0] not in KINDS:
        known = ", ".join(f"{kind}://" for kind in KINDS)
        raise Refused(f"tracking URI '{public(tracking_uri)}' is of no kind that MLflow can use; known: {known}")
    if path is not None and os.path.exists(path) and not os.path.isfile(path):
        raise Refused(f"MLflow's database {path} is no file; give the path of the database itself")
    if (scheme in ("http", "https") and not _has_host(tracking_uri)) or (scheme == "sqlite" and path is None):
        raise Refused(
            f"tracking URI '{public(tracking_uri)}' is not complete; it is http://host:5000 for a server, "
            "sqlite:////absolute/path/mlflow.db for a database"
        )
    if scheme.partition("+")[0] in SERVERS:
        _check_driver(tracking_uri, scheme)


def _check_beside(path: Path) -> None:
    """Raises Refused where what SQLite keeps beside its file is no file: SQLite says only that it cannot open it, as it
    does while a disk is away."""
    for beside in (path.with_name(path.name + ending) for ending in BESIDE):
        try:  # one look: who closes the database deletes them
            mode = beside.lstat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(mode):
            what = f"a link to '{os.readlink(beside)}'" if stat.S_ISLNK(mode) else "no file"
            raise Refused(f"{beside}, which SQLite keeps beside MLflow's database, is {what}; remove it")


def _has_host(address: str) -> bool:
    try:
        return bool(urlsplit(address).hostname)
    except ValueError:
        return False


def check_place(path: Path) -> None:
    """Raises Refused for a SQLite file that is not there and cannot be made, or that this user cannot write."""
    if os.path.exists(path):
        why = _forbidden(path, os.W_OK)
    else:
        nearest = next(folder for folder in path.parents if os.path.lexists(folder))
        if not os.path.exists(nearest):
            why = f"{nearest} is a link to '{os.readlink(nearest)}', which does not exist"
        elif not nearest.is_dir():
            why = f"{nearest} is no folder"
        else:
            why = _forbidden(nearest, os.W_OK | os.X_OK)
    if why:
        raise Refused(f"MLflow's database {path} cannot be written: {why}; mend that, or give another --tracking-uri")


def _forbidden(path: Path, how: int) -> str:
    return "" if os.access(path, how) else f"this user may not write {path}"


def _check_driver(tracking_uri: str, scheme: str) -> None:
    """Raises Refused where Python's driver of a database server is not installed, or its address cannot be read."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        make_url(tracking_uri).get_dialect().import_dbapi()
    except ModuleNotFoundError as error:
        raise Refused(
            f"tracking URI '{public(tracking_uri)}' needs the Python package '{error.name}', which is not installed "
            "(for postgresql:// it comes with sweep[server])"
        ) from None
    except (ArgumentError, ValueError):  # whose message may hold the address
        raise Refused(
            f"tracking URI '{public(tracking_uri)}' cannot be read; write special characters in names and passwords as "
            f"%XX, as in {scheme}://name:pass%40word@host/database"
        ) from None


def brief(error: Exception) -> str:
    """What went wrong, without the statements that databases add, and without what is tried to reach a server."""
    line = str(error).strip().splitlines()[0]
    unreached = re.search(r"\[Errno -?\d+\] [\w ]+", line) if "Max retries exceeded" in line else None
    return f"nothing answers ({unreached[0]})" if unreached else line[:300]


def database(tracking_uri: str) -> Path | None:
    """The file of a SQLite store; None for any other."""
    found = SQLITE.match(tracking_uri)
    return Path(unquote(tracking_uri[found.end() :].partition("?")[0])).absolute() if found else None


def of_database(path: Path) -> str:
    """The tracking URI of a SQLite file. SQLAlchemy reads what follows a question mark as options, and two digits after
    a percent sign as a character; MLflow makes folders of the text as it stands, unless the driver is named."""
    text = str(path)
    if not {"?", "%"} & set(text):
        return f"sqlite:///{text}"
    return "sqlite+pysqlite:///" + text.replace("%", "%25").replace("?", "%3F")


def make_once(path: Path, create: Callable[[Path, str], None]) -> None:
    """Makes a SQLite store with `create(path, artifact root)`: several processes that open a new one would break it.

    It is made beside its place and then moved there, so a crash leaves nothing half made. Write-ahead logging makes
    small writes several times faster and lets people look meanwhile; it needs shared memory, hence a local disk.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in DISK:
            raise
        raise Unusable(f"MLflow's database {path} cannot be made: {error}") from error
    lock_path = without_links(path.parent, f"{path.name}.lock")
    with open(lock_path, "a", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o666)) as lock:
        _lock(lock, path)
        if path.exists():
            return
        for left in path.parent.glob(f"{path.name}.new*"):  # and the journal of a crashed attempt: it would be replayed
            left.unlink()
        # Another name each time: SQLAlchemy keeps what a failed attempt (a full disk) had opened.
        new = path.with_name(f"{path.name}.new-{time.time_ns()}")
        create(new, artifacts.ROOT)
        reached("mirror.database_new")
        if on_local_disk(path.parent):
            with closing(sqlite3.connect(new)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
        for ending in BESIDE:  # of a database that was deleted without them: not of this one
            path.with_name(path.name + ending).unlink(missing_ok=True)
        new.rename(path)
        reached("mirror.database_made")


def _lock(lock: IO[str], path: Path) -> None:
    """Waits until no other process makes the database. Raises Unreachable where one does for `LOCK_S` seconds."""
    end = time.monotonic() + LOCK_S
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise Unreachable(f"another process holds {lock.name} and does not make {path}") from None
            time.sleep(0.05)


def identity(tracking_uri: str) -> tuple[int, int] | None:
    """Tells a SQLite file from another one at its place; None for what is no file."""
    path = database(tracking_uri)
    if path is None or not path.exists():
        return None
    about = path.stat()
    return about.st_dev, about.st_ino


def hold(tracking_uri: str) -> int | None:
    """A descriptor that keeps the system from giving a SQLite file's `identity` to the next file, should it be deleted.
    It opens nothing: closing it drops none of SQLite's locks, as closing a common one would."""
    path = database(tracking_uri)
    try:
        return os.open(path, os.O_PATH) if path and hasattr(os, "O_PATH") else None
    except FileNotFoundError:
        return None


def ui_command(tracking_uri: str, port: int = 5000) -> tuple[list[str], dict[str, str]]:
    """The command that serves MLflow's pages on this store to this machine only, and what to add to its environment.

    Raises Refused for a server, which has its own pages, and for what MLflow cannot open.
    """
    if tracking_uri.startswith(("http://", "https://")):
        raise Refused(f"{public(tracking_uri)} is an MLflow server with pages of its own; open it in a browser")
    check(tracking_uri)
    path = database(tracking_uri)
    hosts = ",".join(f"{host}{ending}" for host in ("127.0.0.1", "localhost") for ending in ("", f":{port}"))
    command = [sys.executable, "-m", "mlflow", "server"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--allowed-hosts", hosts]
    command += ["--uvicorn-opts", "--log-level warning --no-access-log"]
    command += ["--artifacts-destination", str(artifacts.folder(path)), "--serve-artifacts"] if path else []
    address = {"MLFLOW_BACKEND_STORE_URI": tracking_uri}  # not in the command, which everybody on the machine can read
    return command, {**ENVIRONMENT, **address, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
