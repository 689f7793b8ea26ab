"""Keeps in the store what is launched: the sweep's file, what was asked for, its trials and the times of the launch.

Results, report and MLflow runs are named by the sweep's file, so that a store refuses another file of the same name.
"""

import logging
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from orchestrator.execution.store.delete_leftovers import delete_leftovers
from orchestrator.execution.store.keep_code import keep_sources
from orchestrator.spec.sweep import Sweep
from tracking.common.errors import Interrupted, OtherFormat, Refused, SweepError
from tracking.common.text import date_and_time
from tracking.common.token_digest import token_digest
from tracking.records import layout
from tracking.records.kept_sweeps import sweeps_of_store
from tracking.records.kept_sweeps.kept_sweep import DONE, INTERRUPTED, KeptSweep, Launching, Origin, Version
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.store import Store
from tracking.records.writer import now_ms
from tracking.verdicts.finding import Verdict
from workers.formats.user_file import FileSettings
from workers.training.settings import OnImages
from workers.trial import Trial

LOG = logging.getLogger(__name__)
# In the environment of a job: where the sweep's file lies on the machine that handed it over, "" of a shipped sweep.
FILE = "SWEEP_FILE"
REASON = 200  # characters of why a launch stopped


def refuse_another_file(sweep: Sweep, store: Store) -> None:
    """Raises Refused where the store knows another file of the sweep's name: the results of the one would replace those
    of the other. Raises OtherFormat where a later version of this program has launched it."""
    _refuse(sweep, store, KeptSweeps.read(store.files, sweep.name))


@dataclass
class KeptLaunch:
    """A launch while it runs. `verdicts` are kept with it when it ends."""

    verdicts: Sequence[Verdict] = ()


@contextmanager
def keep_sweep(sweep: Sweep, trials: Sequence[Trial], store: Store, limit: int | None) -> Iterator[KeptLaunch]:
    """Keeps the sweep when the body begins, and how the launch ended at its end, by an error, too. Raises as
    `refuse_another_file` does."""
    known = KeptSweeps.read(store.files, sweep.name)
    _refuse(sweep, store, known)
    _set_aside_damaged(sweep, store, known)
    command = ("sweep", "launch", *map(_text, sweep.asked), *(() if limit is None else ("--limit", str(limit))))
    launch, running = Launching(now_ms(), origin(sweep, store), command, limit), KeptLaunch()
    kept = known.by_variant.get(sweep.variant) or _first(sweep)
    with sweep.files.active():
        ids, data = tuple(t.id for t in trials), _of_data(trials)
    version = Version(sweep.written, ids, _keep_files(sweep, store), (launch,), data)
    _write(store, kept.launched(sweep.title, version))
    delete_leftovers(store)
    try:
        yield running
    except BaseException as error:
        _try_to_end(sweep, store, launch, error)
        raise
    verdicts = tuple((one.name, one.verdict) for one in running.verdicts)
    _end(sweep, store, replace(launch, ended_ms=now_ms(), outcome=DONE, verdicts=verdicts))


def origin(sweep: Sweep, store: Store) -> Origin:
    """Where the file of a sweep lies; of a detached launch, where it was handed over."""
    file = os.environ.get(FILE, sweep.file)
    if not file:
        return Origin(host=platform.node())
    from_store = os.path.relpath(file, Path(store.files.root).parent) if store.files.local else os.pardir
    return Origin(_text(file), "" if from_store.startswith(os.pardir) else _text(from_store), platform.node())


def _text(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()  # half a surrogate in a file name is no JSON


def _first(sweep: Sweep) -> KeptSweep:
    return KeptSweep(sweep.name, sweep.variant, sweep.title, (), *sweep.changes)


def _refuse(sweep: Sweep, store: Store, known: KeptSweeps) -> None:
    for error in known.damaged:
        if isinstance(error, OtherFormat):
            raise error
    kept = known.by_variant.values()
    launches = sorted((one for k in kept for one in k.launches), key=lambda one: one.started_ms)
    if not launches or sweep.written in {version.text for k in kept for version in k.versions}:
        return
    here, origins = origin(sweep, store), list(dict.fromkeys(one.origin for one in launches))
    other = _another(here, origins)
    if other is None:
        if not any(_same_place(here, one) for one in origins):
            LOG.info("note     %s is taken for %s, which has moved", here.path, origins[-1].path)
        return
    when = max(one.started_ms for one in launches if one.origin == other)
    file = other.path or f"the sweep '{sweep.name}' that comes with this program"
    raise Refused(
        f"{sweep.path}: the store '{store.root}' has results of another file of this name, {file}, launched "
        f"{date_and_time(when)} on {other.host}, which this one would replace; rename this file, or give another "
        "--store"
    )


def _another(here: Origin, origins: Sequence[Origin]) -> Origin | None:
    """Of the places of files that were launched, in the order in which they came, the one whose file this is not; None
    where it is the same file. A copy that was launched while it was equal does not become the file by that."""
    for one in origins:
        if _same_place(here, one):
            return None
        if one.host == here.host and not _is_gone(one):
            return one
    return None if _moved(here, origins[-1]) else origins[-1]


def _same_place(one: Origin, other: Origin) -> bool:
    """The same file, or the file at the same place in a project folder that was moved or copied with its store."""
    if one.path == other.path or (one.from_store and one.from_store == other.from_store):
        return True
    there = one.host == other.host and os.path.exists(one.path) and os.path.exists(other.path)
    return there and os.path.samefile(one.path, other.path)


def _is_gone(one: Origin) -> bool:
    """Whether a file of this machine is no longer there."""
    return bool(one.path) and not os.path.exists(one.path)


def _moved(here: Origin, last: Origin) -> bool:
    """Whether it may be the same file, somewhere else by now: it is gone from where it was on this machine, or lies in
    a folder of the same name on another one."""
    if not here.path or not last.path:
        return False
    if last.host == here.host:
        return _is_gone(last)
    return PurePath(here.path).parts[-2:] == PurePath(last.path).parts[-2:]


def _set_aside_damaged(sweep: Sweep, store: Store, known: KeptSweeps) -> None:
    """The damaged file of this variant, which is written anew."""
    for error in known.damaged:
        if error.name == layout.sweep(sweep.variant):
            store.files.set_aside(error.name)
            LOG.warning("damaged: %s; it was set aside, and earlier launches of this sweep are no longer known", error)


def _keep_files(sweep: Sweep, store: Store) -> tuple[tuple[str, str], ...]:
    """Writes the Python files beside the sweep that are not there yet; (name, digest) of all of them, sorted. They are
    read with the sweep, and include claims, which no record names."""
    found = {name: token_digest(content) for name, content in sweep.files.sources.items()}
    keep_sources(store, {digest: sweep.files.sources[name] for name, digest in found.items()})
    return tuple(sorted(found.items()))


def _of_data(trials: Sequence[Trial]) -> tuple[tuple[str, str], ...]:
    """What is known of the data files of trials, sorted: what is recorded is read where the files are not."""
    one_of_each = {id(trial.unseeded): trial for trial in reversed(trials)}.values()
    settings = {id(s.data): s.data for t in one_of_each if isinstance(s := t.settings, OnImages)}
    return tuple(sorted(item for s in settings.values() if isinstance(s, FileSettings) for item in s.known().items()))


def _end(sweep: Sweep, store: Store, launch: Launching) -> None:
    """Keeps how a launch ended, unless the sweep was removed meanwhile."""
    kept = KeptSweeps.read(store.files, sweep.name).by_variant.get(sweep.variant)
    if kept:
        _write(store, kept.with_launch(launch))


def _write(store: Store, kept: KeptSweep) -> None:
    with store.leased():
        sweeps_of_store.write(store.files, kept)


def _try_to_end(sweep: Sweep, store: Store, launch: Launching, error: BaseException) -> None:
    """After an error, which is the one that is reported: the store may be lost, or in other hands."""
    why = INTERRUPTED if isinstance(error, (Interrupted, KeyboardInterrupt)) else f"stopped: {error}"[:REASON]
    try:
        _end(sweep, store, replace(launch, ended_ms=now_ms(), outcome=why))
    except (OSError, SweepError) as second:
        LOG.debug("the end of the launch is not kept: %s", second)
