"""Deletes what launches and commands have left in a store that were killed: files written in part, and progress.

Commits see to the folders of bundles, and who claims trials sees to the leases that it takes over.
"""

import logging

from tracking.common import unfinished_files
from tracking.records import layout, live_progress
from tracking.records.files.local_disk import FileInfo
from tracking.records.files.storage import Files
from tracking.records.leases.lease_file import claims, is_gone
from tracking.records.leases.process_identity import born
from tracking.records.store import Store

LOG = logging.getLogger(__name__)
FOLDERS = (
    layout.SWEEPS,
    layout.PROGRESS,
    layout.LEASES,
    layout.CODE,
    layout.PROBES,
    layout.FIGURES,
    layout.COMPARISONS,
)
OLD_NS = 3600 * 10**9  # than the newest file: nobody writes a file for so long


def delete_leftovers(store: Store) -> None:
    """The store was written just now. An error is no reason to stop: what is left disturbs nobody."""
    files = store.files
    try:
        if files.local:
            files.delete(_unfinished(files))
        if files.local or store.lease is not None:
            live_progress.forget(files, frozenset(c.number for c in claims(files) if not c.released and not is_gone(c)))
    except OSError as error:
        LOG.debug("what killed launches have left is not deleted: %s", error)


def _unfinished(files: Files) -> list[str]:
    """Files whose writers are gone; an object store has none."""
    found = [info for folder in FOLDERS for info in files.listing(folder)]
    newest = max((info.modified_ns for info in found), default=0)
    parts = [info for info in found if info.name.endswith(layout.UNFINISHED)]
    return [info.name for info in parts if newest - info.modified_ns > OLD_NS or _writer_is_gone(info, files)]


def _writer_is_gone(info: FileInfo, files: Files) -> bool:
    """Whether a process of this machine wrote it that has ended; on a network disk it may be one of another machine.
    The ids of processes in other containers are not known here."""
    writer = unfinished_files.writer(info.name)
    return not files.on_network_disk and writer.namespace == unfinished_files.namespace() and not born(writer.process)
