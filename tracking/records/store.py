"""The store of records: the files of bundles, checked and read. The source of truth.

Its layout: `layout.py`. How commits are made: `writer.py`. What all manifests together say: `ledger.py`.
"""

from contextlib import AbstractContextManager, nullcontext

import pyarrow as pa

from tracking.common.errors import Damaged
from tracking.records import layout, rows
from tracking.records.files.storage import Files, sha256
from tracking.records.leases import lease
from tracking.records.manifests import manifest_json
from tracking.records.manifests.manifest import FileEntry, Manifest


class Store:
    """Records below one root. Cheap to make; holds no open file. `lease`: number of the launch that commits, whose
    commits are refused once another launch has taken its work over; without one nobody checks."""

    def __init__(self, root: str, lease: int | None = None) -> None:
        self.files, self.lease = Files(root), lease
        self.root = self.files.address

    def __reduce__(self) -> tuple[type["Store"], tuple[str, int | None]]:
        return Store, (self.root, self.lease)

    def leased(self) -> AbstractContextManager[None]:
        """Nobody takes the lease over while the body runs. Raises InUse when somebody has."""
        return lease.guard(self.files, self.lease) if self.lease is not None else nullcontext()

    def manifest(self, bundle: str) -> Manifest:
        """The manifest of one bundle. Raises FileNotFoundError, Damaged."""
        name = layout.manifest(bundle)
        return self.files.read_as(name, lambda content: manifest_json.of_bytes(content, name))

    def segment(self, entry: FileEntry) -> pa.Table:
        """The rows of one segment named in a manifest; columns as in `rows.SCHEMA`. Raises Damaged."""
        return rows.of_parquet(self.checked(entry), entry.name)

    def checked(self, entry: FileEntry) -> bytes:
        """A file named in a manifest, if it is what the manifest says. Raises Damaged."""
        try:
            return self.files.read_as(entry.name, lambda content: _whole(content, entry))
        except FileNotFoundError as error:
            raise Damaged(f"{entry.name} is missing though its manifest names it", entry.name) from error


def _whole(content: bytes, entry: FileEntry) -> bytes:
    if sha256(content) != entry.sha256:
        raise Damaged(f"{entry.name} does not match the checksum in its manifest", entry.name)
    return content
