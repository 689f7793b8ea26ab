"""Checks that a store exists before a command reads it: a mistyped name would look like a store without records."""

import difflib
from pathlib import Path

from tracking.common.errors import Refused
from tracking.records import layout
from tracking.records.store import Store


def existing(root: str) -> Store:
    """The store at `root`. Raises Refused when it is a folder of this machine that does not exist."""
    store = Store(root)
    if wrong := absent(store, root):
        raise Refused(f"{wrong} --store, or SWEEP_STORE, says where the records are; `sweep launch` makes them")
    return store


def absent(store: Store, root: str) -> str:
    """That a store of this machine does not exist, with the name of one beside it that is like it; "" if it does."""
    path = Path(store.files.root)
    if not store.files.local or path.is_dir():
        return ""
    beside = [folder.parent.name for folder in path.parent.glob(f"*/{layout.RECORDS}")]
    near = difflib.get_close_matches(path.name, beside, n=1)
    return f"there is no store at '{root}'" + (f", did you mean '{path.parent / near[0]}'?" if near else ".")
