"""The store of records: how rows are committed and how they are read. The source of truth.

    records/<bundle>/manifest.json       written last, in one step; only what it names exists
    records/<bundle>/<attempt>-<n>.parquet   rows of one commit; merged into one file when the bundle is done
    checkpoints/<bundle>/<attempt>-<n>.bin   what is needed to go on; the last two are kept, none once it is done

A commit writes the rows up to a step and the checkpoint of that step, then the manifest that names both. After a
crash the state is that of some commit; whatever else lies about is ignored, and what came later is done again.
"""

import io
import json
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tracking import rows
from tracking.files import Files, sha256
from tracking.rows import Outcome, Row

FORMAT = 1
ENDED = frozenset({"finished", "diverged", "failed", "cancelled"})
PRECEDENCE = ("cancelled", "running", "failed", "diverged", "finished")


class Damaged(ValueError):
    """A file of the store is not what its manifest says it is."""


@dataclass(frozen=True)
class Recorded:
    """What is recorded of one trial. `clock` holds (step, milliseconds since 1970) of the commits, in order: a row of
    a step was committed at the first entry whose step is not less."""

    id: str
    cell: str
    experiment: str
    settings: dict[str, Any]
    bundle: str
    state: rows.State
    step: int
    reason: str
    started_ms: int
    clock: tuple[tuple[int, int], ...]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """The committed state of one bundle. `trials` are plain values: id, cell, settings, state, step, reason."""

    bundle: str
    experiment: str
    step: int
    trials: tuple[dict[str, Any], ...]
    provenance: dict[str, Any]
    started_ms: int
    segments: tuple[dict[str, Any], ...] = ()
    checkpoints: tuple[dict[str, Any], ...] = ()
    clock: tuple[tuple[int, int], ...] = ()

    def to_bytes(self) -> bytes:
        """JSON with its own checksum, so that a flipped bit cannot pass for a result."""
        content = {"format": FORMAT, **self.__dict__}
        text = json.dumps(content, sort_keys=True, allow_nan=False)
        return json.dumps({"sha256": sha256(text.encode()), "manifest": text}).encode()

    @staticmethod
    def of(content: bytes, name: str) -> "Manifest":
        """Raises Damaged, naming the file."""
        try:
            outer = json.loads(content)
            whole = sha256(outer["manifest"].encode()) == outer["sha256"]
            inner = json.loads(outer["manifest"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Damaged(f"{name} is not a manifest ({error})") from error
        if not whole:
            raise Damaged(f"{name} does not match its checksum")
        if inner.pop("format") != FORMAT:
            raise Damaged(f"{name} was written by another version of this program (format {FORMAT} expected)")
        tuples = {
            k: tuple(tuple(x) if k == "clock" else x for x in inner[k])
            for k in ("segments", "checkpoints", "clock", "trials")
        }
        return Manifest(**{**inner, **tuples})

    @property
    def done(self) -> bool:
        return all(t["state"] in ENDED for t in self.trials)


class Store:
    """Records below one root. Cheap to make; holds no open file."""

    def __init__(self, root: str) -> None:
        self.files = Files(root)
        self.root = self.files.root if self.files.local else root  # good in any folder, in any process

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
                found = _recorded(manifest, trial)
                rank = (PRECEDENCE.index(found.state), found.step, found.bundle)
                if trial["id"] not in best or rank > best[trial["id"]][0]:
                    best[trial["id"]] = (rank, found)
        return {id: found for id, (_, found) in best.items()}

    def damaged(self) -> list[str]:
        """What is wrong with the manifests, in words."""
        return [str(m) for m in self.manifests() if isinstance(m, Damaged)]

    def rows(self, recorded: Iterable[Recorded]) -> pa.Table:
        """The committed rows of these trials, each from its one bundle. Raises Damaged."""
        by_bundle: dict[str, list[str]] = {}
        for trial in recorded:
            by_bundle.setdefault(trial.bundle, []).append(trial.id)
        parts = [self._bundle_rows(bundle, ids) for bundle, ids in sorted(by_bundle.items())]
        return pa.concat_tables(parts).unify_dictionaries() if parts else rows.table([])

    def _bundle_rows(self, bundle: str, ids: list[str]) -> pa.Table:
        try:
            table = self._segments(self.manifest(bundle))
        except Damaged:
            # Its writer may have merged the segments since the manifest was read; the next manifest names the new one.
            table = self._segments(self.manifest(bundle))
        return table.filter(pc.is_in(table["trial"].cast(pa.string()), pa.array(ids, pa.string())))

    def _segments(self, manifest: Manifest) -> pa.Table:
        parts = [self.segment(segment) for segment in manifest.segments]
        return pa.concat_tables(parts).unify_dictionaries() if parts else rows.table([])

    def manifest(self, bundle: str) -> Manifest:
        """The manifest of one bundle. Raises FileNotFoundError, Damaged."""
        name = f"records/{bundle}/manifest.json"
        return Manifest.of(self.files.read(name), name)

    def segment(self, entry: dict[str, Any]) -> pa.Table:
        """The rows of one segment named in a manifest. Raises Damaged."""
        return pq.read_table(io.BytesIO(self.checked(entry)))

    def checked(self, entry: dict[str, Any]) -> bytes:
        """A file named in a manifest, if it is what the manifest says. Raises Damaged."""
        try:
            content = self.files.read(entry["name"])
        except FileNotFoundError as error:
            raise Damaged(f"{entry['name']} is missing though its manifest names it") from error
        if sha256(content) != entry["sha256"]:
            raise Damaged(f"{entry['name']} does not match the checksum in its manifest")
        return content


def _recorded(manifest: Manifest, trial: dict[str, Any]) -> Recorded:
    return Recorded(
        **{k: trial[k] for k in ("id", "cell", "settings", "state", "step", "reason")},
        experiment=manifest.experiment,
        bundle=manifest.bundle,
        started_ms=manifest.started_ms,
        clock=manifest.clock,
        provenance=manifest.provenance,
    )


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
        bundle is done."""
        old = self.manifest
        trials = tuple(self._after(trial, step) for trial in old.trials)
        # A clock that went back must not make a later step earlier.
        clock = max([now_ms(), *(ms for _, ms in old.clock[-1:])])
        new = replace(old, step=step, trials=trials, clock=(*old.clock, (step, clock)))
        if new.done:
            new = replace(new, segments=self._merged(), checkpoints=())
        elif self.pending:
            new = replace(new, segments=(*old.segments, self._put_rows(rows.table(self.pending))))
        if checkpoint is not None and not new.done:
            new = replace(new, checkpoints=(*old.checkpoints[-1:], self._put("checkpoints", "bin", checkpoint)))
        self.store.files.write(f"records/{old.bundle}/manifest.json", new.to_bytes())
        self._tidy(old, new)
        self.manifest, self.pending, self.ended = new, [], {}
        self.commits += 1

    def _after(self, trial: dict[str, Any], step: int) -> dict[str, Any]:
        if trial["id"] in self.ended:
            outcome = self.ended[trial["id"]]
            return {**trial, "state": outcome.state, "step": outcome.step, "reason": outcome.reason}
        return trial if trial["state"] in ENDED else {**trial, "step": step}

    def _put(self, folder: str, ending: str, content: bytes) -> dict[str, Any]:
        name = f"{folder}/{self.manifest.bundle}/{self.attempt}-{self.commits}.{ending}"
        self.store.files.write(name, content)
        return {"name": name, "sha256": sha256(content), "bytes": len(content)}

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
            left = files.names(f"records/{new.bundle}", ".parquet") + files.names(f"checkpoints/{new.bundle}", ".bin")
        files.delete([name for name in left if name not in kept])
