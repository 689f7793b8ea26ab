"""`sweep rm` and `sweep prune`: what would go is shown, then asked for, then removed under a lease."""

import logging
from collections.abc import Collection, Sequence
from contextlib import ExitStack

from orchestrator.results import mlflow_mirror
from orchestrator.terminal.confirm import confirm
from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import unknown
from tracking.common.text import count_of, size
from tracking.mirror.removal import emptying, remove_sweep, remove_trials
from tracking.mirror.tracking_uri import database
from tracking.records.command_lines import command
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.leases import lease
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from tracking.records.upkeep import comparisons, removal
from tracking.records.upkeep.overview import without_file
from tracking.records.upkeep.removal import Removal

LOG = logging.getLogger(__name__)
PRUNE = "(sweep prune)"  # in place of a sweep's name in the lease of a prune


def rm(names: Sequence[str], store: Store, tracking_uri: str | None, yes: bool, as_json: bool) -> None:
    """Removes variants with what no other sweep needs. Raises Refused for names that the store does not know, InUse
    while a launch works on one of them or on their trials."""
    ledger, sweeps = Ledger.read(store), KeptSweeps.read(store.files)
    variants = tuple(dict.fromkeys(names))
    _refuse_unknown(variants, ledger, sweeps)
    found = removal.of_sweeps(variants, ledger, sweeps)
    where = _mlflow(store, tracking_uri)
    if not _agreed(found, _sentences(found, sweeps, where), "Remove this?", yes, as_json):
        return
    with ExitStack() as held:
        trials = found.trials
        for name in {sweeps.by_variant[v].name if v in sweeps.by_variant else v for v in variants}:
            held.enter_context(lease.acquire(store.files, name, trials, LOG.warning))
            trials = frozenset()  # claimed with the first name; a claim of them with the next would be refused
        again = removal.of_sweeps(variants, Ledger.read(store, ledger), KeptSweeps.read(store.files))
        removal.remove(again, store, lambda: _remove_runs(variants, where, store))
    _tell_end(again, as_json)


def prune(store: Store, tracking_uri: str | None, yes: bool, as_json: bool) -> None:
    """Removes what no sweep of the store needs, with the runs in MLflow of trials of which nothing stays.

    Raises Refused where that is not known, InUse while any launch works in the store, and Unreachable, in which case
    nothing goes.
    """
    ledger = Ledger.read(store)
    found = removal.of_unnamed(ledger, KeptSweeps.read(store.files))
    if found.nothing:
        return out_json(_plain(found, False)) if as_json else say("nothing to remove: sweeps need all there is")
    where = _mlflow(store, tracking_uri)
    if not _agreed(found, _unneeded(found, where), "Remove this?", yes, as_json):
        return
    with lease.acquire(store.files, PRUNE, None, LOG.warning):
        again = removal.of_unnamed(Ledger.read(store, ledger), KeptSweeps.read(store.files))
        _remove_trial_runs(
            again.lost, where, store
        )  # first: once the records are gone, nothing tells which runs are theirs
        removal.remove(again, store)
    _tell_end(again, as_json)


def _agreed(found: Removal, sentences: Sequence[str], question: str, yes: bool, as_json: bool) -> bool:
    """Shows what would go; whether it may. With --json nobody is asked, and without --yes nothing goes."""
    if as_json:
        if not yes:
            out_json(_plain(found, False))
        return yes
    for sentence in sentences:
        say(sentence)
    return yes or confirm(f"{question} It cannot be undone.")


def _tell_end(found: Removal, as_json: bool) -> None:
    if as_json:
        return out_json(_plain(found, True))
    say(f"removed  {count_of(len(found.trials), 'trial')}; {size(found.bytes)} freed")


def _refuse_unknown(variants: Sequence[str], ledger: Ledger, sweeps: KeptSweeps) -> None:
    known = [*sweeps.by_variant, *without_file(ledger, sweeps)]
    for variant in variants:
        if variant not in known:
            raise Refused(f"{unknown('sweep', variant, known)}; `{command('ls', store=ledger.store.root)}` lists them")


def _sentences(found: Removal, sweeps: KeptSweeps, mlflow: str) -> list[str]:
    """What a removal of sweeps takes, and what it leaves."""
    names = {sweeps.by_variant[v].name for v in found.variants if v in sweeps.by_variant}
    others = [k.variant for k in sweeps if k.name in names and k.variant not in found.variants]
    lines = [
        f"removes  {', '.join(found.variants)}: {count_of(len(found.trials), 'trial')} in "
        f"{count_of(len(found.bundles), 'bundle')}, {count_of(len(found.figures), 'file')} of results"
        f"{', runs in MLflow' if mlflow else ''}; {size(found.bytes)}"
    ]
    lines += _comparisons(found)
    if found.shared:
        lines.append(f"stays    {count_of(len(found.shared), 'trial')} that other sweeps name, too")
    if found.together:
        together = count_of(len(found.together), "trial")
        lines.append(f"stays    {together} trained in one bundle with trials that stay")
    if others:
        lines.append(f"stays    {', '.join(others)}")
    return lines


def _comparisons(found: Removal) -> list[str]:
    names = sorted(folder.rpartition("/")[2] for folder in comparisons.folders(found.comparisons))
    return [f"removes  the {'comparison' if len(names) == 1 else 'comparisons'} {', '.join(names)}"] if names else []


def _unneeded(found: Removal, mlflow: str) -> list[str]:
    """What a prune takes, and what it leaves."""
    unnamed = len(found.trials - found.superseded)
    left = sum(info.size for info in found.leftovers)
    changed = ", ".join(kept.variant for kept in found.changed)
    parts: list[tuple[object, str]] = [
        (unnamed, f"removes  {count_of(unnamed, 'trial')} that no sweep names"),
        (found.superseded, f"removes  {count_of(len(found.superseded), 'superseded trial')}: of earlier versions of a "
                           "sweep file, or recorded again elsewhere"),
        (changed, f"removes  the earlier versions of {changed} that name them"),
        (found.lost and mlflow, f"removes  the runs in MLflow of {len(found.lost):,} of these"),
        *((line, line) for line in _comparisons(found)),
        (left, f"removes  {count_of(len(found.leftovers), 'file')} that no record names, {size(left)}"),
        (True, f"frees    {size(found.bytes)}"),
        (found.together, f"stays    {count_of(len(found.together), 'trial')} that nothing names, trained in one bundle "
                         "with trials that stay"),
    ]  # fmt: skip
    return [text for there, text in parts if there]


def _mlflow(store: Store, tracking_uri: str | None) -> str:
    """Where the runs are; "" where there is no database yet."""
    where = mlflow_mirror.uri(store, tracking_uri)
    path = database(where)
    return where if path is None or path.exists() else ""


def _remove_runs(variants: Sequence[str], where: str, store: Store) -> None:
    binned = [variant for variant in variants if remove_sweep(where, variant)] if where else []
    if binned:
        _tell_bin(f"the runs of {', '.join(binned)}", where, store)


def _remove_trial_runs(trials: Collection[str], where: str, store: Store) -> None:
    if trials and where and (number := remove_trials(where, trials)):
        _tell_bin(count_of(number, "run of a trial", "runs of trials"), where, store)


def _tell_bin(what: str, where: str, store: Store) -> None:
    serving = command("ui", *mlflow_mirror.options(store, where), store=store.root)
    LOG.info("MLflow   its bin has %s; %s empties it for good", what, emptying(where, serving))


def _plain(found: Removal, removed: bool) -> dict[str, object]:
    return {
        "removed": removed,
        "sweeps": list(found.variants),
        "trials": len(found.trials),
        "superseded_trials": len(found.superseded),
        "bundles": len(found.bundles),
        "leftover_files": len(found.leftovers),
        "comparisons": len(comparisons.folders(found.comparisons)),
        "shared_trials_that_stay": len(found.shared),
        "bundled_trials_that_stay": len(found.together),
        "bytes": found.bytes,
    }
