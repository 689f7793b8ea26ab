"""Command lines of this program on a store, to be pasted into a shell: for messages that say what to do."""

import shlex

from tracking.common.errors import StorageFailed
from tracking.records.files.storage import Files
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.layout import DEFAULT_STORE

SHOWN = 3  # commands of one kind


def command(verb: str, *words: str, store: str = DEFAULT_STORE) -> str:
    """A command on a store."""
    place = () if store == DEFAULT_STORE else ("--store", store)
    return shlex.join(("sweep", verb, *words, *place))


def of_each(verb: str, names: list[str], *words: str, store: str) -> str:
    """The same command on each of these sweeps, in backticks; of many, on the first ones and how the others are
    listed."""
    shown = [f"`{command(verb, name, *words, store=store)}`" for name in names[:SHOWN]]
    more = f" and so on (`{command('ls', store=store)}`)" if len(names) > SHOWN else ""
    return ", ".join(shown) + more


def syncs(files: Files, *words: str) -> str:
    """What brings MLflow up to date: the commands for the sweeps that a store keeps. Words that say so where it keeps
    none, or cannot be read."""
    try:
        names = list(KeptSweeps.read(files).by_variant)
    except StorageFailed:
        names = []
    return of_each("sync", names, *words, store=files.address) if names else "the next launch of each sweep"
