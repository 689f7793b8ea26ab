"""The writer of a bundle: collects rows and outcomes, and commits them with a checkpoint.

A commit writes the rows up to a step and the checkpoint of that step, or the trained weights once there is no further
step, then the manifest that names both, by rename, and then deletes what the manifest no longer names. After a crash
the state is that of some commit: other files are ignored, and later work is repeated.
"""

import io
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.parquet as pq

from tracking.common.failpoints import reached
from tracking.records import layout, rows
from tracking.records.files.storage import sha256
from tracking.records.manifests import manifest_json
from tracking.records.manifests.manifest import FIRST_SCHEMA, FileEntry, Manifest, Observed, TrialEntry
from tracking.records.provenance import Pairs, Provenance
from tracking.records.rows import Outcome, Row
from tracking.records.store import Store


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass
class Writer:
    """The one writer of a bundle. `provenance`: of the commits that it will make. `attempt` keeps the files of two
    attempts at the same bundle apart, whatever became of the first. `clock`: milliseconds since 1970."""

    store: Store
    manifest: Manifest
    provenance: Provenance
    clock: Callable[[], int] = now_ms
    attempt: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    pending: list[Row] = field(default_factory=list)
    ended: dict[str, Outcome] = field(default_factory=dict)
    commits: int = 0

    @staticmethod
    def begin(
        store: Store, bundle: str, experiment: str, trials: Iterable[TrialEntry], provenance: Provenance,
        clock: Callable[[], int] = now_ms, schema: int = FIRST_SCHEMA, sources: Pairs = (),
        observed: Observed | None = None,
    ) -> "Writer":  # fmt: skip
        """For a bundle of which nothing is recorded; `schema`, `sources` and `observed` as in `Manifest`."""
        manifest = Manifest(
            bundle, experiment, -1, tuple(trials), clock(), schema=schema, sources=sources, observed=observed
        )
        return Writer(store, manifest, provenance, clock)

    def add(self, new: list[Row], ended: dict[str, Outcome]) -> None:
        """Adds rows and outcomes to the next commit."""
        self.pending += new
        self.ended |= ended

    @property
    def completes(self) -> bool:
        """Whether the next commit is the last one: all trials will have ended."""
        return all(trial.ended or trial.id in self.ended for trial in self.manifest.trials)

    def commit(self, step: int, checkpoint: bytes | None, weights: bytes | None = None) -> None:
        """Makes everything up to `step` visible at once. checkpoint: what is needed to go on; none is kept once the
        bundle is done. weights: the trained networks, which the last commit keeps. Raises StorageFailed, and InUse when
        another launch has taken the work over."""
        reached("commit.begun")
        with self.store.leased():
            pass  # checked before anything is written
        reached("commit.leased")
        try:
            new = self._put_all(step, checkpoint, weights)
        except FileNotFoundError:  # another launch has taken this work over, finished it and deleted its files
            with self.store.leased():
                raise
        with self.store.leased():
            self.store.files.write(layout.manifest(new.bundle), manifest_json.to_bytes(new), "commit.manifest")
            self._tidy(self.manifest, new)
        reached("commit.done")
        self.manifest, self.pending, self.ended = new, [], {}
        self.commits += 1

    def _put_all(self, step: int, checkpoint: bytes | None, weights: bytes | None) -> Manifest:
        """Writes rows and checkpoint or weights; the manifest that will name them."""
        old = self.manifest
        new = old.committed(step, self.clock(), self.provenance)
        new = replace(new, trials=tuple(self._after(trial, step) for trial in old.trials))
        if new.done:
            return replace(new, segments=(self._put_merged(new),), checkpoints=(), weights=self._put_weights(weights))
        if self.pending:
            new = replace(new, segments=(*old.segments, self._put_rows(rows.table(self.pending))))
        if checkpoint is not None:
            name = layout.checkpoint(old.bundle, self.attempt, self.commits)
            entry = self._put(name, checkpoint, "commit.checkpoint")
            new = replace(new, checkpoints=(*old.checkpoints[-1:], entry))
        return new

    def _after(self, trial: TrialEntry, step: int) -> TrialEntry:
        """A trial once this commit is made."""
        if trial.id in self.ended:
            return trial.after(self.ended[trial.id], self.manifest.commits + 1)
        return trial if trial.ended else replace(trial, step=step)

    def _put(self, name: str, content: bytes, at: str) -> FileEntry:
        self.store.files.write(name, content, at)
        return FileEntry(name, sha256(content), len(content), self.manifest.commits + 1)

    def _put_weights(self, content: bytes | None) -> tuple[FileEntry, ...]:
        if content is None:
            return ()
        name = layout.weights(self.manifest.bundle, self.attempt, self.commits)
        return (self._put(name, content, "commit.weights"),)

    def _put_rows(self, table: pa.Table) -> FileEntry:
        out = io.BytesIO()
        pq.write_table(table, out, compression="zstd")
        name = layout.segment(self.manifest.bundle, self.attempt, self.commits)
        return self._put(name, out.getvalue(), "commit.rows")

    def _put_merged(self, new: Manifest) -> FileEntry:
        """One segment instead of many: a finished bundle is read often and not written any more."""
        tables = [self.store.segment(entry) for entry in self.manifest.segments] + [rows.table(self.pending)]
        commits = [*(entry.commit for entry in self.manifest.segments), new.commits]
        parts = [(commit, len(table)) for commit, table in zip(commits, tables, strict=True)]
        entry = self._put_rows(pa.concat_tables(tables).unify_dictionaries())
        return replace(entry, parts=tuple(parts)) if len(new.provenances) > 1 else entry

    def _tidy(self, old: Manifest, new: Manifest) -> None:
        """Deletes the files that the new manifest no longer names; once the bundle is done, also those of earlier
        attempts."""
        kept = {entry.name for entry in (*new.segments, *new.checkpoints, *new.weights)}
        files = self.store.files
        left = [entry.name for entry in (*old.segments, *old.checkpoints)]
        if new.done:
            found = (info.name for folder in layout.folders(new.bundle) for info in files.listing(folder))
            left = [name for name in found if name.endswith(layout.COMMITTED)]
        files.delete([name for name in left if name not in kept])
