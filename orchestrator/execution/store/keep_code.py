"""Keeps in the store the source that records name by digests: the user's files, and changed files of this program."""

from collections.abc import Mapping, Sequence

from tracking.common.token_digest import token_digest
from tracking.records import layout
from tracking.records.store import Store
from workers.bundle import together
from workers.runtime import provenance
from workers.trial import Trial


def keep(store: Store, trials: Sequence[Trial]) -> None:
    """Writes what is not there yet: the user's files that these trials and their measures use, and the files of this
    program that differ from its commit."""
    by_cell = {trial.cell: trial for trial in trials}
    found = {digest: file for trial in by_cell.values() for digest, file in together([trial]).files.items()}
    keep_sources(store, {digest: file.content for digest, file in found.items()})
    if changes := provenance.changes():
        name = layout.code_changes(provenance.code().diff)
        if name not in store.files.names(layout.CODE, ""):
            store.files.write(name, changes)


def keep_sources(store: Store, contents: Mapping[str, bytes]) -> None:
    """Writes the user's files, by digest, that are not there yet, or not as they were kept."""
    there = set(store.files.names(layout.CODE, "")) if contents else set()
    for digest, content in sorted(contents.items()):
        name = layout.user_source(digest)
        if name not in there or token_digest(store.files.read(name)) != digest:
            store.files.write(name, content)
