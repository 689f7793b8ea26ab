"""Packs a sweep of a store into one file: records, networks, results, the sweep file and the Python files beside it."""

import io
import os
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tracking.common.errors import Refused, StorageFailed
from tracking.common.failpoints import reached
from tracking.common.whole_files import replacing
from tracking.records import layout
from tracking.records.files.storage import sha256
from tracking.records.kept_sweeps.kept_sweep import KeptSweep
from tracking.records.ledger import Ledger
from tracking.records.manifests import manifest_json
from tracking.records.manifests.manifest import FileEntry, Manifest
from tracking.records.store import Store
from tracking.records.upkeep import sizes
from tracking.records.upkeep.archive import INDEX, Index, Packed, member

Contents = dict[str, tuple[Packed, Callable[[], bytes]]]  # name in the store -> what it is, and how it is read


def pack(kept: KeptSweep, ledger: Ledger, file: Path) -> Index:
    """Writes the archive; a file of that name is replaced when it is complete. Bundles are packed whole, with trials of
    other sweeps that are in them. Raises Damaged, StorageFailed, Refused where the file cannot be written."""
    contents = _contents(kept, ledger)
    index = Index(kept.variant, {name: packed for name, (packed, _) in sorted(contents.items())})
    try:
        with replacing(file) as (part,), open(part, "xb") as raw:
            with tarfile.open(fileobj=raw, mode="w") as tar:
                _add(tar, INDEX, index.to_bytes())
                for name in index.files:
                    _add(tar, name, contents[name][1]())
                    reached("pack.added")
            raw.flush()
            os.fsync(raw.fileno())
    except StorageFailed:  # records that cannot be read
        raise
    except OSError as error:
        raise Refused(f"'{file}' cannot be written: {error.strerror or error}") from error
    return index


def _contents(kept: KeptSweep, ledger: Ledger) -> Contents:
    store, found = ledger.store, Contents()
    there = {info.name for info in ledger.files}
    sources = {digest for version in kept.versions for _, digest in version.sources}
    for bundle in sorted(sizes.bundles_of(kept, ledger)):
        content = store.files.read(layout.manifest(bundle))
        manifest = manifest_json.of_bytes(content, layout.manifest(bundle))
        found[layout.manifest(bundle)] = _held(content)
        for entry in (*manifest.segments, *(e for e in (*manifest.checkpoints, *manifest.weights) if e.name in there)):
            found[entry.name] = _entry(store, entry)
        sources |= {digest for _, digest in manifest.sources}
        found |= _code(store, manifest)
    names = {layout.user_source(digest) for digest in sources} & {*store.files.names(layout.CODE, "")}
    found |= {name: _held(store.files.read(name)) for name in names}
    return found | _figures(store, kept.variant) | {layout.sweep(kept.variant): _held(kept.to_bytes())}


def _figures(store: Store, variant: str) -> Contents:
    """The results that are whole: they may be drawn anew meanwhile."""
    figures, found = sizes.figures_at(store), Contents()
    for info in sizes.figure_files(store, variant):
        if not info.name.endswith(layout.UNFINISHED):
            with suppress(FileNotFoundError):
                found[info.name] = _held(figures.read(info.name))
    return found


def _code(store: Store, manifest: Manifest) -> Contents:
    """The files in which the program differed from its commit, where they are kept."""
    digests = {p.code.diff for p in manifest.provenances if p.code and p.code.diff}
    found = Contents()
    for name in map(layout.code_changes, sorted(digests)):
        with suppress(FileNotFoundError):
            found[name] = _held(store.files.read(name))
    return found


def _held(content: bytes) -> tuple[Packed, Callable[[], bytes]]:
    return Packed(sha256(content), len(content)), lambda: content


def _entry(store: Store, entry: FileEntry) -> tuple[Packed, Callable[[], bytes]]:
    """A file that a manifest names, which is read when it is packed and not before."""
    return Packed(entry.sha256, entry.bytes), lambda: store.checked(entry)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    tar.addfile(member(name, len(content)), io.BytesIO(content))
