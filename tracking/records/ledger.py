"""A ledger: one read of a whole store, as an immutable value. Everything that a command says of trials comes from it.

It reads each manifest once. Rows are read later, segment by segment, by what the manifests of this ledger say; a
manifest is read again only where its writer has replaced the files that it names.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, KeysView, Mapping
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from tracking.common.errors import Changed, Damaged, OtherFormat
from tracking.common.text import count_of
from tracking.records import layout, rows
from tracking.records.files.local_disk import FileInfo
from tracking.records.joined import joined
from tracking.records.manifests import manifest_json
from tracking.records.manifests.manifest import ENDED, Beside, FileEntry, Manifest, TrialEntry, TrialRecord
from tracking.records.provenance import Provenance
from tracking.records.rows import State
from tracking.records.segment_reader import SegmentReader
from tracking.records.store import Store

T = TypeVar("T")
PRECEDENCE: tuple[State, ...] = ("cancelled", "running", "failed", "diverged", "finished")


@dataclass(frozen=True)
class Computed:
    """Rows of a trial that have one provenance: how many, and their first and last step."""

    provenance: Provenance
    rows: int
    first: int
    last: int


@dataclass(frozen=True)
class Ledger:
    """What a store held when it was read.

    manifests: by bundle. damaged: the manifests that cannot be used, as errors that name their files. files: all files
    below records/, checkpoints/ and weights/. winners: of each trial its own bundle, and its place in that manifest.
    beside: what counts of a trial in other bundles, where something does. segments: reads rows, and keeps some of what
    it has read; a later ledger reads anew.
    """

    store: Store
    manifests: Mapping[str, Manifest]
    damaged: tuple[Damaged, ...]
    files: tuple[FileInfo, ...]
    winners: Mapping[str, tuple[str, int]]
    beside: Mapping[str, tuple[Beside, ...]]
    segments: SegmentReader

    @staticmethod
    def read(store: Store, known: "Ledger | None" = None) -> "Ledger":
        """Reads the store: three listings, and every manifest once. With `known`, an earlier ledger of the same store,
        manifests whose size and time of modification are as they were then are not read again."""
        folders = (layout.RECORDS, layout.CHECKPOINTS, layout.WEIGHTS)
        files = tuple(info for folder in folders for info in store.files.listing(folder))
        before = known._parsed() if known else {}
        found = [m for info in files if layout.is_manifest(info.name) if (m := before.get(info) or _read(store, info))]
        manifests = {m.bundle: m for m in found if isinstance(m, Manifest)}
        damaged = tuple(m for m in found if isinstance(m, Damaged))
        winners = _winners(manifests.values())
        return Ledger(store, manifests, damaged, files, winners, joined(manifests, winners), SegmentReader(store))

    def _parsed(self) -> dict[FileInfo, Manifest | Damaged]:
        known: dict[str, Manifest | Damaged] = {error.name: error for error in self.damaged}
        known |= {layout.manifest(bundle): manifest for bundle, manifest in self.manifests.items()}
        return {info: known[info.name] for info in self.files if info.name in known}

    @property
    def trials(self) -> KeysView[str]:
        """The ids of all trials of which something is recorded."""
        return self.winners.keys()

    def of(self, trials: Iterable[str]) -> dict[str, TrialRecord]:
        """What is recorded of each of these trials, by id, in their order; trials of which nothing is are left out."""
        found = {}
        for id in trials:
            if id in self.winners:
                bundle, place = self.winners[id]
                manifest = self.manifests[bundle]
                record = manifest.record(manifest.trials[place])
                found[id] = record._replace(beside=self.beside[id]) if id in self.beside else record
        return found

    @property
    def records(self) -> dict[str, TrialRecord]:
        """What is recorded of each trial."""
        return self.of(self.trials)

    @property
    def other_formats(self) -> tuple[OtherFormat, ...]:
        """The manifests of other versions of this program, which are whole and not ours to replace."""
        return tuple(error for error in self.damaged if isinstance(error, OtherFormat))

    def strays(self, records: Iterable[TrialRecord]) -> list[str]:
        """Files that no manifest names in the bundles of these trials that are done: what crashes have left. And the
        checkpoints of bundles that nobody continues, since each of their trials has ended in another one."""
        found = {record.id: record for record in records}
        done = [self.manifests[bundle] for bundle in _bundles(found.values()) if self.manifests[bundle].done]
        kept = {entry.name for manifest in done for entry in (*manifest.segments, *manifest.weights)}
        folders = {folder for manifest in done for folder in layout.folders(manifest.bundle)}
        ours = [info.name for info in self.files if info.name.endswith(layout.COMMITTED)]
        folders |= {layout.checkpoints(m.bundle) for m in self.manifests.values() if _is_given_up(m, found)}
        return [name for name in ours if name.rpartition("/")[0] in folders and name not in kept]

    def weights(self, bundle: str) -> FileEntry | None:
        """The file of the trained weights of a bundle, if it was there when the store was read."""
        there = {(info.name, info.size) for info in self.files}
        return next((w for w in self.manifests[bundle].weights if (w.name, w.bytes) in there), None)

    def unsound(self, records: Iterable[TrialRecord]) -> dict[str, Damaged]:
        """The bundles of these trials whose rows cannot be read as they were committed, with the first reason."""
        found = {}
        for bundle in sorted(_bundles(records)):
            try:
                self._read_files(bundle, self._check)
            except Damaged as error:
                found[bundle] = error
        return found

    def _check(self, manifest: Manifest) -> None:
        for segment in manifest.segments:
            length = len(self.segments.rows(segment))
            if segment.parts and sum(n for _, n in segment.parts) != length:
                raise Damaged(f"{segment.name} has {count_of(length, 'row')}, and its parts have others", segment.name)

    def rows(self, records: Iterable[TrialRecord]) -> pa.Table:
        """The committed rows of these trials, each of their measures from the bundle that counts; columns as in
        `rows.SCHEMA`. Raises Damaged."""
        by_bundle: dict[str, list[str]] = {}
        for trial in records:
            for bundle in trial.bundles:
                by_bundle.setdefault(bundle, []).append(trial.id)
        parts = [self.bundle_rows(bundle, ids) for bundle, ids in sorted(by_bundle.items())]
        return pa.concat_tables(parts).unify_dictionaries() if parts else rows.table([])

    def bundle_rows(self, bundle: str, ids: Collection[str]) -> pa.Table:
        """The committed rows of these trials that count in one bundle. Raises Damaged."""

        def read(manifest: Manifest) -> pa.Table:
            parts = [self.segments.rows(segment) for segment in manifest.segments]
            return pa.concat_tables(parts).unify_dictionaries() if parts else rows.table([])

        table = self._read_files(bundle, read)
        if not {t.id for t in self.manifests[bundle].trials} <= set(ids):
            table = table.filter(_of_trials(table, ids))
        return self._counting(bundle, ids, table)

    def _counting(self, bundle: str, ids: Collection[str], table: pa.Table) -> pa.Table:
        """The rows of a bundle without the measures that count in another one."""
        groups: dict[tuple[Beside, ...], list[str]] = {}
        for id in ids:
            if id in self.beside:
                groups.setdefault(self.beside[id], []).append(id)
        for beside, some in groups.items():
            elsewhere = {name for other in beside if other.bundle != bundle for name in other.measures}
            here = {name for other in beside if other.bundle == bundle for name in other.measures}
            # Beside the trial's own bundle nothing counts but what was to be added there.
            lost = pc.invert(_is_in(table["measure"], here)) if here else _is_in(table["measure"], elsewhere)
            table = table.filter(pc.invert(pc.and_(_of_trials(table, some), lost)))
        return table

    def part(self, trials: Mapping[str, Iterable[str]]) -> "Ledger":
        """What `bundle_rows` needs to read these trials from the bundles of each, and nothing else, so that it is small
        enough to be sent: it knows no settings and no outcomes."""
        asked: dict[str, set[str]] = {}
        for id, bundles in trials.items():
            for bundle in bundles:
                asked.setdefault(bundle, set()).add(id)
        manifests = {bundle: _names_of_rows(self.manifests[bundle], ids) for bundle, ids in asked.items()}
        beside = {id: self.beside[id] for id in trials if id in self.beside}
        return Ledger(self.store, manifests, (), (), {}, beside, SegmentReader(self.store))

    def computed(self, record: TrialRecord) -> tuple[Computed, ...]:
        """What computed each of the rows of a trial, in the order in which they were committed. Raises Damaged."""

        def read(manifest: Manifest) -> list[tuple[Provenance, pa.Table]]:
            return [part for segment in manifest.segments for part in self._parts(manifest, segment)]

        steps: dict[Provenance, list[int]] = {}
        for bundle in record.bundles:
            for provenance, table in self._read_files(bundle, read):
                mine = self._counting(bundle, [record.id], table.filter(_of_trials(table, [record.id])))
                steps.setdefault(provenance, []).extend(mine["step"].to_pylist())
        return tuple(Computed(p, len(of), min(of), max(of)) for p, of in steps.items() if of)

    def _parts(self, manifest: Manifest, segment: FileEntry) -> Iterator[tuple[Provenance, pa.Table]]:
        """The rows of a segment, those of one commit after those of another."""
        table, start = self.segments.rows(segment), 0
        for commit, length in segment.parts or ((segment.commit, len(table)),):
            yield manifest.provenance_of(commit), table.slice(start, length)
            start += length

    def _read_files(self, bundle: str, read: Callable[[Manifest], T]) -> T:
        """Reads files of a bundle; once more by its present manifest where its writer has replaced them since: it
        merges the segments of a bundle that is done. Raises Damaged; Changed where the bundle is gone since."""
        manifest = self.manifests[bundle]
        try:
            return read(manifest)
        except Damaged:
            try:
                present = self.store.manifest(bundle)
            except FileNotFoundError:
                name = layout.manifest(bundle)
                raise Changed(f"{name} and its rows were removed while they were read", name) from None
            if present == manifest:
                raise
        return read(present)


def _names_of_rows(manifest: Manifest, ids: Collection[str]) -> Manifest:
    """A manifest with its segments, of which rows of these trials are read; one entry stands for all other trials whose
    rows are to be left out."""
    others = any(trial.id not in ids for trial in manifest.trials)
    trials = (TrialEntry("", "", {}),) if others else ()
    return Manifest(manifest.bundle, manifest.experiment, manifest.step, trials, manifest.started_ms,
                    segments=manifest.segments)  # fmt: skip


def _read(store: Store, info: FileInfo) -> Manifest | Damaged | None:
    """A manifest, or why it cannot be used; None where it was set aside since it was listed."""
    try:
        return store.files.read_as(info.name, lambda content: manifest_json.of_bytes(content, info.name))
    except FileNotFoundError:
        return None
    except Damaged as error:
        return error


def _winners(manifests: Iterable[Manifest]) -> dict[str, tuple[str, int]]:
    """Where several bundles hold a trial, one is its own: a result before a failure before unfinished work, then the
    further one, then the one that was begun first, then by name; so every reader chooses the same."""
    best: dict[str, tuple[int, int, int, str, int]] = {}
    for manifest in manifests:
        for place, trial in enumerate(manifest.trials):
            rank = (PRECEDENCE.index(trial.state), trial.step, -manifest.started_ms, manifest.bundle, place)
            if trial.id not in best or rank > best[trial.id]:
                best[trial.id] = rank
    return {id: (bundle, place) for id, (*_, bundle, place) in best.items()}


def _is_given_up(manifest: Manifest, found: Mapping[str, TrialRecord]) -> bool:
    """Whether each trial of an unfinished bundle has ended in another one that measured the same: a launch of some of
    them took them out. A bundle that measures something else adds to them, and goes on."""
    elsewhere = [found.get(trial.id) for trial in manifest.trials]
    return not manifest.done and all(record and _ended_elsewhere(record, manifest) for record in elsewhere)


def _ended_elsewhere(record: TrialRecord, manifest: Manifest) -> bool:
    """Whether what an unfinished bundle measures of a trial was measured to its end in another one: in that of the
    trial itself, or beside it."""
    if any(other.observed == manifest.observed for other in record.beside):
        return True
    return record.bundle != manifest.bundle and record.state in ENDED and record.observed == manifest.observed


def _of_trials(table: pa.Table, ids: Collection[str]) -> pa.Array:
    """The mask of the rows of these trials."""
    return _is_in(table["trial"], ids)


def _is_in(column: pa.ChunkedArray, words: Collection[str]) -> pa.Array:
    return pc.is_in(column.cast(pa.string()), pa.array([*words], pa.string()))


def _bundles(records: Iterable[TrialRecord]) -> set[str]:
    return {bundle for record in records for bundle in record.bundles}
