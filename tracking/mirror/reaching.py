"""Loads MLflow, and says what is wrong where it cannot be written: whether waiting may help, or somebody must act."""

import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from tracking.common.errors import Refused, Unreachable, Unusable
from tracking.common.hide_passwords import has_secret, hide, public
from tracking.common.versions import not_installed
from tracking.mirror.mlflow_settings import ENVIRONMENT
from tracking.mirror.tracking_uri import brief, check, database

# Of a server: who asks is not let in, or something else than MLflow answers. As MLflow's client says it.
NOT_FOR_US = ("UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED", "PERMISSION_DENIED", "ENDPOINT_NOT_FOUND")
LASTING = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG}
)


def load(tracking_uri: str) -> None:
    """Imports MLflow, which takes seconds and reads its environment.

    Raises Refused for an address that MLflow cannot use, Unusable where MLflow, or a part of it, is not installed.
    """
    check(tracking_uri)
    for key, value in ENVIRONMENT.items():
        os.environ.setdefault(key, value)
    with installed():
        import mlflow  # noqa: F401


@contextmanager
def installed() -> Iterator[None]:
    """Raises Unusable in place of an ImportError: that MLflow, or a part of it, is not installed."""
    try:
        yield
    except ImportError as error:
        why = not_installed(error.name) if isinstance(error, ModuleNotFoundError) and error.name else str(error)
        raise Unusable(f"MLflow cannot be imported: {why}") from error


@contextmanager
def reaching(tracking_uri: str) -> Iterator[None]:
    """Loads MLflow; raises Unreachable, or Unusable, in place of what MLflow and its database raise in the body."""
    load(tracking_uri)
    from mlflow.exceptions import InvalidUrlException, MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with quiet(logging.getLogger("mlflow.store.db.utils"), logging.CRITICAL):  # it logs what it raises, at length
            yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
        path = database(tracking_uri)
        remedy = f"; where {path} itself is damaged, remove it: it is built anew from the records" if path else ""
        where, why = public(tracking_uri), hide(brief(error), tracking_uri)
        cause = None if has_secret(tracking_uri) else error  # whose message may hold it, too
        stays = isinstance(error, InvalidUrlException) or getattr(error, "error_code", "") in NOT_FOR_US
        kind = Unusable if stays else Unreachable
        raise kind(f"MLflow at '{where}' cannot be written: {why}{remedy}") from cause


@contextmanager
def quiet(logger: logging.Logger, lowest: int = logging.WARNING) -> Iterator[None]:
    """Without its messages below this level. A program that imported MLflow itself, before `ENVIRONMENT` was set, would
    read on its terminal which tables are made."""
    level = logger.level
    logger.setLevel(lowest)
    try:
        yield
    finally:
        logger.setLevel(level)


def stays(error: Exception) -> bool:
    """Whether an error stays until somebody acts, so that trying again does not help."""
    return isinstance(error, Refused | Unusable) or (isinstance(error, OSError) and error.errno in LASTING)
