"""The store of records: the files of bundles, checked and read. The source of truth.

Its layout: `layout.py`. How commits are made: `writer.py`. What all manifests together say: `ledger.py`.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tracking.common.errors import Damaged
from tracking.records import layout, lease, manifest_json, rows
from tracking.records.manifest import FileEntry, Manifest, TrialRecord
from tracking.records.storage import Files, sha256

PRECEDENCE = ("cancelled", "running", "failed", "diverged", "finished")


class Store:
    """Records below one root. Cheap to make; holds no open file. `lease`: number of the launch that commits, whose
    commits are refused once another launch has taken its work over; without one nobody checks."""

    def __init__(self, root: str, lease: int | None = None) -> None:
        self.files, self.lease = Files(root), lease
        self.root = self.files.root if self.files.local else root  # good in any folder, in any process

    def __reduce__(self) -> tuple[type["Store"], tuple[str, int | None]]:
        return Store, (self.root, self.lease)

    def leased(self) -> AbstractContextManager[None]:
        """Nobody takes the lease over while the body runs. Raises lease.InUse when somebody has."""
        return lease.guard(self.files, self.lease) if self.lease is not None else nullcontext()

    def manifests(self) -> Iterator[Manifest | Damaged]:
        """Every bundle's manifest; a damaged one is yielded as the error that names it, never passed over."""
        for name in self.files.names(layout.RECORDS, f"/{layout.MANIFEST}"):
            try:
                yield manifest_json.of_bytes(self.files.read(name), name)
            except Damaged as error:
                yield error

    def recorded(self, wanted: set[str] | None = None) -> dict[str, TrialRecord]:
        """What is recorded of each trial, by id. Where several bundles hold a trial, one counts: a result before a
        failure before unfinished work, then the further one, then by name; so every reader chooses the same."""
        best: dict[str, tuple[tuple[int, int, str], TrialRecord]] = {}
        for manifest in self.manifests():
            if isinstance(manifest, Damaged):
                continue
            for trial in manifest.trials:
                if wanted is not None and trial.id not in wanted:
                    continue
                found = manifest.record(trial)
                rank = (PRECEDENCE.index(found.state), found.step, found.bundle)
                if trial.id not in best or rank > best[trial.id][0]:
                    best[trial.id] = (rank, found)
        return {id: found for id, (_, found) in best.items()}

    def damaged(self) -> list[str]:
        """What is wrong with the manifests, in words."""
        return [str(m) for m in self.manifests() if isinstance(m, Damaged)]

    def strays(self, recorded: Iterable[TrialRecord]) -> list[str]:
        """Files that no manifest names in the bundles of these trials that are done: what crashes have left."""
        bundles = {r.bundle for r in recorded}
        done = [m for m in self.manifests() if isinstance(m, Manifest) and m.done and m.bundle in bundles]
        kept = {segment.name for m in done for segment in m.segments}
        folders = {folder for m in done for folder in layout.folders(m.bundle)}
        found = [
            name
            for ending in layout.COMMITTED
            for folder in (layout.RECORDS, layout.CHECKPOINTS)
            for name in self.files.names(folder, ending)
        ]
        return [name for name in found if name.rpartition("/")[0] in folders and name not in kept]

    def unsound(self, recorded: Iterable[TrialRecord]) -> dict[str, Damaged]:
        """The bundles of these trials whose rows cannot be read as they were committed, with the first reason."""
        found = {}
        for bundle in sorted({r.bundle for r in recorded}):
            try:
                for segment in self.manifest(bundle).segments:
                    self.checked(segment)
            except FileNotFoundError:  # set aside since
                continue
            except Damaged as error:
                found[bundle] = error
        return found

    def rows(self, recorded: Iterable[TrialRecord]) -> pa.Table:
        """The committed rows of these trials, each from its one bundle. Raises Damaged."""
        by_bundle: dict[str, list[str]] = {}
        for trial in recorded:
            by_bundle.setdefault(trial.bundle, []).append(trial.id)
        parts = [self.bundle_rows(bundle, ids) for bundle, ids in sorted(by_bundle.items())]
        return pa.concat_tables(parts).unify_dictionaries() if parts else rows.table([])

    def bundle_rows(self, bundle: str, ids: list[str], measure: str | None = None) -> pa.Table:
        """The committed rows of these trials of one bundle, of one measure where it is given. Raises Damaged."""
        try:
            manifest = self.manifest(bundle)
            table = self._segments(manifest, measure)
        except Damaged:
            # Its writer may have merged the segments since the manifest was read; the next manifest names the new one.
            manifest = self.manifest(bundle)
            table = self._segments(manifest, measure)
        if {t.id for t in manifest.trials} <= set(ids):
            return table
        return table.filter(pc.is_in(table["trial"].cast(pa.string()), pa.array(ids, pa.string())))

    def _segments(self, manifest: Manifest, measure: str | None) -> pa.Table:
        parts = [self.segment(segment, measure) for segment in manifest.segments]
        return pa.concat_tables(parts).unify_dictionaries() if parts else rows.table([])

    def manifest(self, bundle: str) -> Manifest:
        """The manifest of one bundle. Raises FileNotFoundError, Damaged."""
        name = layout.manifest(bundle)
        return manifest_json.of_bytes(self.files.read(name), name)

    def segment(self, entry: FileEntry, measure: str | None = None) -> pa.Table:
        """The rows of one segment named in a manifest, of one measure where it is given. Raises Damaged."""
        wanted = None if measure is None else pc.field("measure") == measure
        return pq.read_table(io.BytesIO(self.checked(entry)), filters=wanted)

    def checked(self, entry: FileEntry) -> bytes:
        """A file named in a manifest, if it is what the manifest says. Raises Damaged."""
        try:
            content = self.files.read(entry.name)
        except FileNotFoundError as error:
            raise Damaged(f"{entry.name} is missing though its manifest names it", entry.name) from error
        if sha256(content) != entry.sha256:
            raise Damaged(f"{entry.name} does not match the checksum in its manifest", entry.name)
        return content
