"""Reads a sweep as a store keeps it, where its file is not at hand."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from orchestrator.spec import load
from orchestrator.spec.sweep import Sweep
from orchestrator.spec.variant import Changes, split, variant
from tracking.common.named_files.user_files import UserFiles
from tracking.common.program_sources import shipped_sweeps
from tracking.records import layout
from tracking.records.command_lines import command
from tracking.records.kept_files import kept_source, paths_from
from tracking.records.kept_sweeps.kept_sweep import KeptSweep, Version
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.store import Store

LOG = logging.getLogger(__name__)
DATA_ARE_KNOWN = "copy the file there to train or measure. What is recorded is shown without it"


def read(spec: str, changes: Changes, store: Callable[[], Store]) -> Sweep:
    """Reads a sweep file, or the sweep of a name: the one that the store keeps, as it was launched last, else the one
    that comes with this program. Raises BadSweep."""
    name, whole = split(spec, *changes)
    if not load.is_file(name):
        opened = store()
        if found := _of_users(name, KeptSweeps.read(opened.files, name)):
            latest = max(found.values(), key=lambda one: one.launches[-1].started_ms if one.launches else 0)
            kept = found.get(variant(name, whole), latest)
            return of_version(opened, kept, kept.version, whole)
    return load.read(spec, *changes)


def _of_users(name: str, kept: KeptSweeps) -> dict[str, KeptSweep]:
    """Variants of a user's own file, which may have the name of a sweep that comes with this program. What was launched
    of the latter is read from this program, which may have mended it since."""
    if name not in load.shipped_names():
        return dict(kept.by_variant)
    shipped = shipped_sweeps()[name].read_text("utf-8")
    found = {key: one for key, one in kept.by_variant.items() if _is_of_file(one) and one.version.text != shipped}
    if found:
        LOG.info("note     %s is the one that this store keeps, and not the one that comes with this program", name)
    return found


def _is_of_file(kept: KeptSweep) -> bool:
    return bool(kept.launches and kept.launches[-1].origin.path)


def of_version(store: Store, kept: KeptSweep, version: Version, changes: Changes | None = None) -> Sweep:
    """A version of a kept sweep, with its own changes unless others are given. Raises BadSweep where this program does
    not accept it any more, Damaged where a Python file of it is lost."""
    if changes is None:
        changes = Changes(kept.profile, kept.overrides, kept.seeds)
    file = version.launches[-1].origin.path if version.launches else ""
    if version is kept.version:
        _say_if_edited(kept.name, version.text, file)
    return load.read_text(version.text, kept.name, file, _files(store, kept.variant, version), changes)


def _files(store: Store, variant: str, version: Version) -> UserFiles:
    """The Python files that lay beside the sweep, importable from what is kept of them."""
    found = {name: kept_source(store.files, name, digest) for name, digest in version.sources}
    folder = f"{store.root}/{layout.SWEEPS}/{variant}" if found else ""
    data = dict(version.data)
    remedy = DATA_ARE_KNOWN if data else _without_data(store, variant)
    return UserFiles(folder, found, None, paths_from(store, version), remedy, data)


def _without_data(store: Store, variant: str) -> str:
    """What can be done with a sweep whose data are not at hand, and of which was not kept what is known of them."""
    results = Path(store.files.root if store.files.local else ".", layout.FIGURES, variant)
    report = results / layout.REPORT
    listed, shown = command("ls", store=store.root), command("show", "TRIAL", store=store.root)
    drawn = f", {report} and the tables beside it as they were drawn last" if report.is_file() else ""
    return f"copy the file there. Without it there are `{listed}`, `{shown}` for what each trial recorded{drawn}"


def _say_if_edited(name: str, text: str, file: str) -> None:
    """That the file as it lies there is another one by now."""
    if not file or not os.path.isfile(file):
        return
    if Path(file).read_text("utf-8", "replace") != text:
        LOG.info("note     %s as it was launched last; %s was changed since", name, file)
