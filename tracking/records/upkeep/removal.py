"""What a removal would take out of a store, and taking it out.

Bundles are removed whole or not at all: a bundle stays as long as one of its trials is to stay. The manifest of a
bundle goes first, so that whoever is killed in the middle leaves a store that every command reads: what no manifest
names does not exist. The kept file of a sweep goes last, so that its removal can be asked for again.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from tracking.common.errors import Refused
from tracking.common.failpoints import reached
from tracking.records import layout
from tracking.records.command_lines import command
from tracking.records.files.local_disk import FileInfo
from tracking.records.kept_sweeps import sweeps_of_store
from tracking.records.kept_sweeps.kept_sweep import KeptSweep
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from tracking.records.upkeep import comparisons, sizes
from tracking.records.upkeep.overview import without_file


@dataclass(frozen=True)
class Removal:
    """What goes, and what stays although it was asked about.

    variants: the sweeps that go. bundles: with the files in their folders. trials: those whose records go. superseded:
    those of them that only earlier versions of a sweep name, or that count in another bundle. lost: those of them of
    which nothing stays, as of a prune. leftovers: files that no
    manifest names. figures: files of the variants. comparisons: files of comparisons with them; of a prune, with sweeps
    that the store does not know any more. shared: trials of the variants that other sweeps name. together:
    trials that stay since they were trained in one bundle with trials that stay. changed: kept sweeps without the
    versions that named what goes.
    """

    variants: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    trials: frozenset[str] = frozenset()
    superseded: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    files: tuple[FileInfo, ...] = ()
    leftovers: tuple[FileInfo, ...] = ()
    figures: tuple[FileInfo, ...] = ()
    comparisons: tuple[FileInfo, ...] = ()
    shared: frozenset[str] = frozenset()
    together: frozenset[str] = frozenset()
    changed: tuple[KeptSweep, ...] = ()

    @property
    def bytes(self) -> int:
        """Of all files that go."""
        parts = (self.files, self.leftovers, self.figures, self.comparisons)
        return sum(info.size for part in parts for info in part)

    @property
    def nothing(self) -> bool:
        """Whether nothing goes at all."""
        return not (self.variants or self.bundles or self.leftovers or self.comparisons)


def of_sweeps(variants: Collection[str], ledger: Ledger, sweeps: KeptSweeps) -> Removal:
    """The removal of these variants, with the trials that no other sweep of the store names."""
    known = sweeps.readable().by_variant
    mine = _named(known[variant] for variant in variants if variant in known)
    others = _named(kept for variant, kept in known.items() if variant not in variants)
    own, every = mine - others, _ids(ledger)
    bundles = [bundle for bundle, ids in every.items() if ids & own and ids <= own]
    gone = frozenset(id for bundle in bundles for id in every[bundle])
    together = own.intersection(ledger.trials) - gone
    figures = tuple(info for variant in variants for info in sizes.figure_files(ledger.store, variant))
    return Removal(
        tuple(variants), tuple(bundles), gone, files=_files(ledger, bundles), figures=figures,
        comparisons=comparisons.files_of(ledger.store, lambda variant: variant in variants),
        shared=frozenset(mine & others & ledger.trials), together=frozenset(together),
    )  # fmt: skip


def of_unnamed(ledger: Ledger, sweeps: KeptSweeps) -> Removal:
    """The removal of what no sweep of the store names as it was launched last, of bundles of which nothing counts, and
    of files that no manifest names. Raises Refused where it cannot be told what sweeps name, Damaged."""
    _refuse_unknown(ledger, sweeps.readable())
    now = {id for kept in sweeps for id in kept.version.trials}
    counting = {bundle for record in ledger.records.values() for bundle in record.bundles}
    every = _ids(ledger)
    bundles = [bundle for bundle, ids in every.items() if not ids & now or bundle not in counting]
    gone = frozenset(id for bundle in bundles for id in every[bundle])
    lost = gone - {id for bundle in every.keys() - {*bundles} for id in every[bundle]}
    together = ledger.trials - now - gone
    earlier = _named(sweeps) - now
    return Removal(
        (), tuple(bundles), gone, (gone & earlier) | (gone - lost), lost, _files(ledger, bundles), _leftovers(ledger),
        comparisons=comparisons.files_of(ledger.store, lambda variant: variant not in sweeps.by_variant),
        together=frozenset(together), changed=tuple(_without(kept, lost) for kept in sweeps if _loses(kept, lost)),
    )  # fmt: skip


def remove(removal: Removal, store: Store, between: Callable[[], None] = lambda: None) -> None:
    """Deletes what goes. `between`: called before the kept files of sweeps go. The caller holds a lease on the trials.
    Raises StorageFailed."""
    for kept in removal.changed:
        sweeps_of_store.write(store.files, kept)
    names = [info.name for info in (*removal.files, *removal.leftovers)]
    store.files.delete([name for name in names if layout.is_manifest(name)])
    reached("removal.manifests_gone")
    store.files.delete([name for name in names if not layout.is_manifest(name)])
    store.files.delete_empty_folders({name.rpartition("/")[0] for name in names})
    figures = sizes.figures_at(store)
    figures.delete([info.name for info in (*removal.figures, *removal.comparisons)])
    of_variants = {f"{layout.FIGURES}/{variant}" for variant in removal.variants}
    figures.delete_empty_folders(of_variants | comparisons.folders(removal.comparisons))
    between()
    reached("removal.records_gone")
    store.files.delete([layout.sweep(variant) for variant in removal.variants])


def _refuse_unknown(ledger: Ledger, sweeps: KeptSweeps) -> None:
    if forgotten := without_file(ledger, sweeps):
        raise Refused(
            f"the store '{ledger.store.root}' has results of {', '.join(forgotten)}, launched by an older version, and "
            "keeps no file that says which trials are theirs; launch them once more, which trains nothing again, or "
            f"remove them: `{command('rm', *forgotten, store=ledger.store.root)}`"
        )
    if not sweeps.by_variant and ledger.trials:
        raise Refused(
            f"the store '{ledger.store.root}' keeps no sweep, so that none of its trials is known to be needed; launch "
            "the sweeps that you need once more, which trains nothing again"
        )


def _named(sweeps: Iterable[KeptSweep]) -> set[str]:
    return {id for kept in sweeps for id in kept.trials}


def _ids(ledger: Ledger) -> dict[str, frozenset[str]]:
    """The trials of each bundle."""
    return {bundle: frozenset(t.id for t in ledger.manifests[bundle].trials) for bundle in sorted(ledger.manifests)}


def _files(ledger: Ledger, bundles: Collection[str]) -> tuple[FileInfo, ...]:
    wanted = set(bundles)
    return tuple(info for info in ledger.files if info.name.split("/")[1] in wanted)


def _leftovers(ledger: Ledger) -> tuple[FileInfo, ...]:
    """Files of this program that no manifest names, in the folders of bundles whose manifest can be read or is not
    there."""
    damaged = {error.name.split("/")[1] for error in ledger.damaged}
    named = {entry.name for m in ledger.manifests.values() for entry in (*m.segments, *m.checkpoints, *m.weights)}
    named |= {layout.manifest(bundle) for bundle in ledger.manifests}
    return tuple(info for info in ledger.files if info.name not in named and info.name.split("/")[1] not in damaged)


def _loses(kept: KeptSweep, lost: Collection[str]) -> bool:
    return any(not {*version.trials}.isdisjoint(lost) for version in kept.versions[:-1])


def _without(kept: KeptSweep, lost: Collection[str]) -> KeptSweep:
    """Without the earlier versions that name a trial that goes."""
    earlier = tuple(version for version in kept.versions[:-1] if {*version.trials}.isdisjoint(lost))
    return replace(kept, versions=(*earlier, kept.version))
