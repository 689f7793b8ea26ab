"""The store of records: how rows are committed and how they are read. The source of truth.

    records/<bundle>/manifest.json       written last, in one step; only what it names exists
    records/<bundle>/<attempt>-<n>.parquet   rows of one commit; merged into one file when the bundle is done
    checkpoints/<bundle>/<attempt>-<n>.bin   what is needed to go on; the last two are kept, none once it is done

A commit writes the rows up to a step and the checkpoint of that step, then the manifest that names both. After a
crash the state is that of some commit; whatever else lies about is ignored, and what came later is done again.
"""

import io
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tracking.common.errors import Damaged
from tracking.common.failpoints import reached
from tracking.records import lease, rows
from tracking.records.manifest import ENDED as ENDED
from tracking.records.manifest import Manifest as Manifest
from tracking.records.manifest import Recorded as Recorded
from tracking.records.rows import Outcome, Row
from tracking.records.storage import Files, sha256

OURS = (".parquet", ".bin", ".tmp")  # endings of the files of commits, unfinished ones included
PRECEDENCE = ("cancelled", "running", "failed", "diverged", "finished")


class Store:
    """Records below one root. Cheap to make; holds no open file. `lease`: number of the launch that commits, whose
    commits are refused once another launch has taken its work over; without one nobody checks."""

    def __init__(self, root: str, lease: int | None = None) -> None:
        self.files, self.lease = Files(root), lease
        self.root = self.files.root if self.files.local else root  # good in any folder, in any process

    def __reduce__(self) -> tuple[Any, ...]:
        return Store, (self.root, self.lease)

    def leased(self) -> AbstractContextManager[None]:
        """Nobody takes the lease over while the body runs. Raises lease.InUse when somebody has."""
        return lease.guard(self.files, self.lease) if self.lease is not None else nullcontext()

    def manifests(self) -> Iterator[Manifest | Damaged]:
        """Every bundle's manifest; a damaged one is yielded as the error that names it, never passed over."""
        for name in self.files.names("records", "/manifest.json"):
            try:
                yield Manifest.of(self.files.read(name), name)
            except Damaged as error:
                yield error

    def recorded(self, wanted: set[str] | None = None) -> dict[str, Recorded]:
        """What is recorded of each trial, by id. Where several bundles hold a trial, one counts: a result before a
        failure before unfinished work, then the further one, then by name; so every reader chooses the same."""
        best: dict[str, tuple[tuple[int, int, str], Recorded]] = {}
        for manifest in self.manifests():
            if isinstance(manifest, Damaged):
                continue
            for trial in manifest.trials:
                if wanted is not None and trial["id"] not in wanted:
                    continue
                found = manifest.recorded(trial)
                rank = (PRECEDENCE.index(found.state), found.step, found.bundle)
                if trial["id"] not in best or rank > best[trial["id"]][0]:
                    best[trial["id"]] = (rank, found)
        return {id: found for id, (_, found) in best.items()}

    def damaged(self) -> list[str]:
        """What is wrong with the manifests, in words."""
        return [str(m) for m in self.manifests() if isinstance(m, Damaged)]

    def strays(self, recorded: Iterable[Recorded]) -> list[str]:
        """Files that no manifest names in the bundles of these trials that are done: what crashes have left."""
        bundles = {r.bundle for r in recorded}
        done = [m for m in self.manifests() if isinstance(m, Manifest) and m.done and m.bundle in bundles]
        kept = {segment["name"] for m in done for segment in m.segments}
        folders = {f"{folder}/{m.bundle}" for m in done for folder in ("records", "checkpoints")}
        found = [
            name
            for ending in OURS
            for folder in ("records", "checkpoints")
            for name in self.files.names(folder, ending)
        ]
        return [name for name in found if name.rpartition("/")[0] in folders and name not in kept]

    def unsound(self, recorded: Iterable[Recorded]) -> dict[str, Damaged]:
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

    def rows(self, recorded: Iterable[Recorded]) -> pa.Table:
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
        if {t["id"] for t in manifest.trials} <= set(ids):
            return table
        return table.filter(pc.is_in(table["trial"].cast(pa.string()), pa.array(ids, pa.string())))

    def _segments(self, manifest: Manifest, measure: str | None) -> pa.Table:
        parts = [self.segment(segment, measure) for segment in manifest.segments]
        return pa.concat_tables(parts).unify_dictionaries() if parts else rows.table([])

    def manifest(self, bundle: str) -> Manifest:
        """The manifest of one bundle. Raises FileNotFoundError, Damaged."""
        name = f"records/{bundle}/manifest.json"
        return Manifest.of(self.files.read(name), name)

    def segment(self, entry: dict[str, Any], measure: str | None = None) -> pa.Table:
        """The rows of one segment named in a manifest, of one measure where it is given. Raises Damaged."""
        wanted = None if measure is None else pc.field("measure") == measure
        return pq.read_table(io.BytesIO(self.checked(entry)), filters=wanted)

    def checked(self, entry: dict[str, Any]) -> bytes:
        """A file named in a manifest, if it is what the manifest says. Raises Damaged."""
        try:
            content = self.files.read(entry["name"])
        except FileNotFoundError as error:
            raise Damaged(f"{entry['name']} is missing though its manifest names it", entry["name"]) from error
        if sha256(content) != entry["sha256"]:
            raise Damaged(f"{entry['name']} does not match the checksum in its manifest", entry["name"])
        return content


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass
class Writer:
    """The one writer of a bundle: collects rows, commits them with a checkpoint. `attempt` keeps the files of two
    attempts at the same bundle apart, whatever became of the first."""

    store: Store
    manifest: Manifest
    attempt: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    pending: list[Row] = field(default_factory=list)
    ended: dict[str, Outcome] = field(default_factory=dict)
    commits: int = 0

    @staticmethod
    def begin(
        store: Store, bundle: str, experiment: str, trials: list[dict[str, Any]], provenance: dict[str, Any]
    ) -> "Writer":
        """For a bundle of which nothing is recorded; `trials` hold id, cell and settings."""
        started = [{**t, "state": "running", "step": -1, "reason": ""} for t in trials]
        return Writer(store, Manifest(bundle, experiment, -1, tuple(started), provenance, now_ms()))

    def add(self, new: list[Row], ended: dict[str, Outcome]) -> None:
        """Keeps rows and outcomes for the next commit."""
        self.pending += new
        self.ended |= ended

    def commit(self, step: int, checkpoint: bytes | None) -> None:
        """Makes everything up to `step` visible at once. `checkpoint`: what is needed to go on; none is kept once the
        bundle is done. Raises StorageFailed, and lease.InUse when another launch has taken the work over."""
        reached("commit.begun")
        with self.store.leased():
            pass  # a look before anything is written
        reached("commit.leased")
        try:
            new = self._put_all(step, checkpoint)
        except FileNotFoundError:  # who has taken this work over, and done it, has tidied up
            with self.store.leased():
                raise
        with self.store.leased():
            self.store.files.write(f"records/{new.bundle}/manifest.json", new.to_bytes(), "commit.manifest")
            self._tidy(self.manifest, new)
        reached("commit.done")
        self.manifest, self.pending, self.ended = new, [], {}
        self.commits += 1

    def _put_all(self, step: int, checkpoint: bytes | None) -> Manifest:
        """Writes rows and checkpoint; the manifest that will name them."""
        old = self.manifest
        trials = tuple(self._after(trial, step) for trial in old.trials)
        # A clock that went back must not make a later step earlier.
        clock = max([now_ms(), *(ms for _, ms in old.clock[-1:])])
        new = replace(old, step=step, trials=trials, clock=(*old.clock, (step, clock)))
        if new.done:
            return replace(new, segments=self._merged(), checkpoints=())
        if self.pending:
            new = replace(new, segments=(*old.segments, self._put_rows(rows.table(self.pending))))
        if checkpoint is not None:
            new = replace(new, checkpoints=(*old.checkpoints[-1:], self._put("checkpoints", "bin", checkpoint)))
        return new

    def _after(self, trial: dict[str, Any], step: int) -> dict[str, Any]:
        if trial["id"] in self.ended:
            state, at, reason = self.ended[trial["id"]]
            return {**trial, "state": state, "step": at, "reason": reason, "commit": self.manifest.commits + 1}
        return trial if trial["state"] in ENDED else {**trial, "step": step}

    def _put(self, folder: str, ending: str, content: bytes) -> dict[str, Any]:
        name = f"{folder}/{self.manifest.bundle}/{self.attempt}-{self.commits}.{ending}"
        self.store.files.write(name, content, "commit.rows" if folder == "records" else "commit.checkpoint")
        return {"name": name, "sha256": sha256(content), "bytes": len(content), "commit": self.manifest.commits + 1}

    def _put_rows(self, table: pa.Table) -> dict[str, Any]:
        out = io.BytesIO()
        pq.write_table(table, out, compression="zstd")
        return self._put("records", "parquet", out.getvalue())

    def _merged(self) -> tuple[dict[str, Any], ...]:
        """One segment instead of many: a finished bundle is read often and written never."""
        parts = [self.store.segment(s) for s in self.manifest.segments] + [rows.table(self.pending)]
        return (self._put_rows(pa.concat_tables(parts).unify_dictionaries()),)

    def _tidy(self, old: Manifest, new: Manifest) -> None:
        """Deletes what the new manifest no longer names; at the end also what earlier attempts left behind."""
        kept = {entry["name"] for entry in (*new.segments, *new.checkpoints)}
        files = self.store.files
        left = [entry["name"] for entry in (*old.segments, *old.checkpoints)]
        if new.done:
            folders = f"records/{new.bundle}", f"checkpoints/{new.bundle}"
            left = [name for folder in folders for ending in OURS for name in files.names(folder, ending)]
        files.delete([name for name in left if name not in kept])
