"""Checks that a store exists before a command reads it: a mistyped name would look like a store without records."""

import difflib
import os
from pathlib import Path

from orchestrator.commands.store.discover import nearby
from tracking.common.errors import Refused
from tracking.records.store import Store

SHOWN = 5  # stores nearby


def existing(root: str) -> Store:
    """The store at `root`. Raises Refused when it is a folder of this machine that does not exist."""
    store = Store(root)
    if wrong := absent(store, root):
        raise Refused(f"{wrong} --store, or SWEEP_STORE, says where the records are; a launch makes them")
    return store


def absent(store: Store, root: str) -> str:
    """That a store of this machine does not exist, with those that are near; "" if it does."""
    path = Path(store.files.root)
    if not store.files.local or path.is_dir():
        return ""
    there = {str(found): found for found in [*nearby(path.parent), *nearby(Path.cwd())]}
    like = difflib.get_close_matches(path.name, [found.name for found in there.values()], n=1)
    if near := [found for found in there.values() if found.parent == path.parent and [found.name] == like]:
        return f"there is no store at '{root}', did you mean '{near[0]}'?"
    some = [os.path.relpath(found) for found in there.values()]
    more = ", ..." if len(some) > SHOWN else ""
    return f"there is no store at '{root}'" + (f"; nearby: {', '.join(some[:SHOWN])}{more}." if some else ".")
