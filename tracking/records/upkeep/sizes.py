"""What a store takes up: by kind of file, by bundle, and by sweep."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tracking.records import layout
from tracking.records.files.local_disk import FileInfo
from tracking.records.files.storage import Files
from tracking.records.kept_sweeps.kept_sweep import KeptSweep
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.ledger import Ledger
from tracking.records.store import Store

KINDS = (
    layout.RECORDS, layout.CHECKPOINTS, layout.WEIGHTS, layout.FIGURES, layout.COMPARISONS, layout.SWEEPS, layout.CODE,
    layout.LEASES, layout.PROGRESS,
)  # fmt: skip
MLFLOW, OTHER = "mlflow", "other"  # the default MLflow store; whatever else lies in the folder


def by_kind(store: Store) -> dict[str, int]:
    """Bytes of each kind of file, of those kinds that there are. Of an object store only this program's files count."""
    total: Counter[str] = Counter()
    if store.files.local:
        for name, size in _all_files(Path(store.files.root)):
            total[_kind(name)] += size
    else:
        for folder in KINDS:
            total[folder] = sum(info.size for info in store.files.listing(folder))
    return {kind: total[kind] for kind in (*KINDS, MLFLOW, OTHER) if total[kind]}


def by_bundle(ledger: Ledger) -> dict[str, int]:
    """Bytes of all files in the folders of each bundle that has a manifest."""
    total: Counter[str] = Counter()
    for info in ledger.files:
        total[info.name.split("/")[1]] += info.size
    return {bundle: total[bundle] for bundle in ledger.manifests}


def bundles_of(kept: KeptSweep, ledger: Ledger) -> frozenset[str]:
    """The bundles with rows that count of any trial of a sweep."""
    return frozenset(bundle for record in ledger.of(sorted(kept.trials)).values() for bundle in record.bundles)


def of_sweep(kept: KeptSweep, ledger: Ledger, bundles: Mapping[str, int]) -> int:
    """Bytes of the bundles that hold its trials, those that it shares with others included, and of its figures."""
    figures = sum(info.size for info in figure_files(ledger.store, kept.variant))
    return sum(bundles[bundle] for bundle in bundles_of(kept, ledger)) + figures


@dataclass(frozen=True)
class OfSweep:
    """Bytes of a sweep; shared: of the bundles that hold trials of other sweeps of the store, too."""

    bytes: int
    shared: int


def by_sweep(ledger: Ledger, sweeps: KeptSweeps) -> dict[str, OfSweep]:
    """What each variant of a store takes up."""
    bundles = by_bundle(ledger)
    holds = {kept.variant: bundles_of(kept, ledger) for kept in sweeps}
    holders = Counter(bundle for held in holds.values() for bundle in held)
    return {
        kept.variant: OfSweep(
            of_sweep(kept, ledger, bundles), sum(bundles[b] for b in holds[kept.variant] if holders[b] > 1)
        )
        for kept in sweeps
    }


def figure_files(store: Store, variant: str | None = None) -> list[FileInfo]:
    """The figures of a variant, or of all, on this machine: `figures_at` is what they lie below."""
    return figures_at(store).listing(layout.FIGURES if variant is None else f"{layout.FIGURES}/{variant}")


def figures_at(store: Store) -> Files:
    """Where the figures of a store are: in it, or in the working folder for one that is not on this machine."""
    return store.files if store.files.local else Files(".")


def _all_files(root: Path) -> Iterator[tuple[str, int]]:
    """Name and bytes of every regular file below a folder. Links are not followed; files that vanish are left out."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            try:
                about = path.lstat()
            except FileNotFoundError:
                continue
            yield path.relative_to(root).as_posix(), about.st_size


def _kind(name: str) -> str:
    first = name.split("/")[0]
    if first.startswith((layout.MLFLOW_DATABASE, layout.MLFLOW_ARTIFACTS)):
        return MLFLOW
    return first if first in KINDS and "/" in name else OTHER
