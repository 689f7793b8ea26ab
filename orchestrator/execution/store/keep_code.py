"""Keeps in the store the source that records name by digests: the user's files, and changed files of this program."""

from collections.abc import Sequence

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
    wanted = {layout.user_source(digest): file.content for digest, file in found.items()}
    if changes := provenance.changes():
        wanted[layout.code_changes(provenance.code().diff)] = changes
    there = set(store.files.names(layout.CODE, "")) if wanted else set()
    for name in sorted(wanted.keys() - there):
        store.files.write(name, wanted[name])
