"""Reads segments, checks them against their manifest, and caches them: several readings need the same ones."""

import pyarrow as pa

from tracking.records import rows
from tracking.records.manifests.manifest import FileEntry
from tracking.records.store import Store

KEPT = 64 * 2**20  # bytes of Parquet; a row of a trained network takes 2 to 9


class SegmentReader:
    """The segments of a store. Their content is cached until the cache is full. Nothing is evicted: in a cyclic scan
    that is longer than the cache every entry would be evicted before its next use."""

    def __init__(self, store: Store, kept: int = KEPT) -> None:
        self.store, self._room = store, kept
        self._kept: dict[FileEntry, bytes] = {}

    def content(self, entry: FileEntry) -> bytes:
        """The file, if it is what its manifest says. Raises Damaged."""
        known = self._kept.get(entry)
        if known is None:
            known = self.store.checked(entry)
            if len(known) <= self._room:
                self._kept[entry] = known
                self._room -= len(known)
        return known

    def rows(self, entry: FileEntry) -> pa.Table:
        """Its rows; columns as in `rows.SCHEMA`. Raises Damaged."""
        return rows.of_parquet(self.content(entry), entry.name)
