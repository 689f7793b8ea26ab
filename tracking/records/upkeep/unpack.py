"""Unpacks an archive of a sweep into a store, in which nothing is replaced.

Nothing is written before everything was read and checked once. Files that are there with the same content are left, and
others refuse the archive. Manifests are written after the files that they name, and the kept file last, so that who is
killed in the middle has a store that every command reads, and may unpack again.
"""

import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tracking.common.errors import Damaged, Refused
from tracking.common.failpoints import reached
from tracking.common.text import size
from tracking.records import layout
from tracking.records.command_lines import command
from tracking.records.files.storage import sha256
from tracking.records.kept_sweeps import kept_sweep
from tracking.records.kept_sweeps.kept_sweep import KeptSweep
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.leases import lease
from tracking.records.manifests import manifest_json
from tracking.records.manifests.manifest import Manifest
from tracking.records.store import Store
from tracking.records.upkeep import sizes
from tracking.records.upkeep.archive import INDEX, LARGEST_INDEX, Index, check_members, index_of

SHOWN = 5  # files that differ
Read = Callable[[str], bytes]  # a file of an archive, by its name in a store


@dataclass(frozen=True)
class Unpacked:
    """What was unpacked. new: the names of the files that were not there."""

    kept: KeptSweep
    trials: int
    new: tuple[str, ...]
    bytes: int


def unpack(file: Path, store: Store, say: Callable[[str], None]) -> Unpacked:
    """Raises Refused for what is no archive of a sweep, and where it would replace something in the store; Damaged;
    InUse while a launch works on its trials."""
    with _opened(file) as (index, read):
        kept, manifests = _checked(index, read, str(file))
        trials = frozenset(t.id for manifest in manifests.values() for t in manifest.trials)
        _check_space(index, store)
        with lease.acquire(store.files, kept.name, trials, say):
            wanted = _new(index, kept, store, str(file))
            for name in sorted(wanted, key=_order):
                _write(store, name, read(name))
                reached("unpack.written")
        return Unpacked(kept, len(kept.trials & trials), tuple(wanted), index.total)


def _order(name: str) -> tuple[int, str]:
    """What is named by another file before that file."""
    folder = name.split("/")[0]
    last = {layout.FIGURES: 2, layout.SWEEPS: 3}.get(folder, 0)
    return (1 if layout.is_manifest(name) else last), name


@contextmanager
def _opened(file: Path) -> Iterator[tuple[Index, Read]]:
    """The index of an archive, and what reads its files. tarfile extracts nothing: it reads headers and bytes."""
    try:
        with tarfile.open(file, "r:") as tar:
            members = _members(tar)
            if not members or members[0].name != INDEX or not members[0].isreg() or members[0].size > LARGEST_INDEX:
                raise Refused(f"{file} is no archive of `sweep pack`: it does not begin with {INDEX}")
            index = index_of(_content(tar, members[0]), str(file))
            check_members(members[1:], index, str(file))
            by_name = {one.name: one for one in members[1:]}
            yield index, lambda name: _content(tar, by_name[name])
    except (tarfile.TarError, EOFError) as error:
        raise Refused(f"{file} is no archive of `sweep pack`: {error}") from error


def _members(tar: tarfile.TarFile) -> list[tarfile.TarInfo]:
    try:
        return tar.getmembers()
    except ValueError as error:  # of a number in a header
        raise tarfile.ReadError(str(error)) from error


def _content(tar: tarfile.TarFile, one: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(one)
    assert stream  # of a regular file
    content = stream.read()
    if len(content) != one.size:
        raise tarfile.ReadError(f"'{one.name}' is cut short")
    return content


def _checked(index: Index, read: Read, archive: str) -> tuple[KeptSweep, dict[str, Manifest]]:
    """The sweep and the manifests of an archive of which every file has its checksum and belongs to them."""
    manifests, allowed = dict[str, Manifest](), {layout.sweep(index.variant)}
    for name, packed in index.files.items():
        content = read(name)
        if sha256(content) != packed.sha256:
            raise Damaged(f"{archive}: '{name}' does not match its checksum; nothing was unpacked", archive)
        if layout.is_manifest(name):
            manifest = manifest_json.of_bytes(content, name)
            manifests[name.split("/")[1]] = manifest
            entries = (*manifest.segments, *manifest.checkpoints, *manifest.weights)
            allowed |= {name, *(e.name for e in entries if index.files.get(e.name, packed).sha256 == e.sha256)}
            lost = [e.name for e in manifest.segments if e.name not in index.files]
            if lost or manifest.bundle != name.split("/")[1]:
                raise Refused(f"{archive}: {name} is of another bundle, or lacks its rows; nothing was unpacked")
    for name in index.files:
        if name not in allowed and not name.startswith((f"{layout.CODE}/", f"{layout.FIGURES}/{index.variant}/")):
            raise Refused(f"{archive}: '{name}' belongs to no bundle of its sweep; nothing was unpacked")
    if layout.sweep(index.variant) not in index.files:
        raise Refused(f"{archive} has no {layout.sweep(index.variant)}; nothing was unpacked")
    kept = kept_sweep.of_bytes(read(layout.sweep(index.variant)), layout.sweep(index.variant))
    if kept.variant != index.variant:
        raise Refused(f"{archive} is of {index.variant}, and its sweep of {kept.variant}; nothing was unpacked")
    return kept, manifests


def _new(index: Index, kept: KeptSweep, store: Store, archive: str) -> list[str]:
    """The files that are not in the store yet. Raises Refused where one is there with another content. Results that are
    there stay, since they are drawn from the records."""
    known = KeptSweeps.read(store.files, kept.name).readable()
    _refuse_another_sweep(kept, known, store, archive)
    same = kept.variant in known.by_variant
    drawn = {info.name for info in sizes.figure_files(store, kept.variant)}
    folders = {name.split("/")[0] for name in index.files}
    there = {info.name for folder in folders for info in store.files.listing(folder)}
    new, different = [], []
    for name, packed in index.files.items():
        if name.startswith((f"{layout.FIGURES}/", f"{layout.SWEEPS}/")):
            new += [] if same or name in drawn else [name]
        elif name not in there:
            new.append(name)
        elif not name.startswith(f"{layout.CODE}/") and sha256(store.files.read(name)) != packed.sha256:
            different.append(name)  # a file of code is named by what it says, not by its comments
    if different:
        some = ", ".join(different[:SHOWN]) + (", ..." if len(different) > SHOWN else "")
        other = f"{store.root}-unpacked"
        compared = command("compare", kept.variant, f"{other}::{kept.variant}", store=store.root)
        raise Refused(
            f"{archive}: the store '{store.root}' has the same bundles with other content ({some}), and nothing is "
            f"replaced; unpack into another store and compare: `{command('unpack', archive, store=other)}` and "
            f"`{compared}`"
        )
    return new


def _refuse_another_sweep(kept: KeptSweep, known: KeptSweeps, store: Store, archive: str) -> None:
    here = known.by_variant.get(kept.variant)
    texts = {version.text for one in known for version in one.versions}
    other = kept.version.text not in texts if here is None else not here.version.same_work(kept.version)
    if texts and other:
        raise Refused(
            f"{archive}: the store '{store.root}' has another sweep file, or another version of it, under the name "
            f"{kept.name}, and nothing is replaced; unpack into another store: "
            f"`{command('unpack', archive, store=f'{store.root}-unpacked')}`"
        )


def _check_space(index: Index, store: Store) -> None:
    place = Path(store.files.root) if store.files.local else None
    while place and not place.exists():
        place = place.parent
    if place and (free := shutil.disk_usage(place).free) < index.total:
        raise Refused(f"the archive holds {size(index.total)}, and {place} has {size(free)} free; give another --store")


def _write(store: Store, name: str, content: bytes) -> None:
    files = sizes.figures_at(store) if name.startswith(f"{layout.FIGURES}/") else store.files
    files.write(name, content, "unpack.file")
