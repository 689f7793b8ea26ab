"""Runs one bundle's experiment and commits its rows and checkpoints, resuming from the last commit if there is one."""

import math
import os
import sys
import time
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from tracking.common.errors import Damaged, OtherFormat, Refused
from tracking.common.named_files.user_files import within
from tracking.records.manifests.manifest import FileEntry, Manifest, TrialEntry
from tracking.records.rows import Outcome, Progress
from tracking.records.store import Store
from tracking.records.writer import Writer
from workers import measure_trained
from workers.bundle import Bundle, Report, recorded_trials
from workers.plugins import EXPERIMENTS
from workers.runtime import checkpoint, provenance
from workers.runtime.lease_watch import watched
from workers.trial import SCHEMA_VERSION

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")  # what PyTorch reads when it is imported
SHARE = 0.02  # the largest fraction of the time spent on commits


def work(store: Store, bundle: Bundle, device: str) -> Generator[Report, None, None]:
    """Runs a bundle to its end. A generator that is closed earlier commits first. Names are looked up in the files of
    the bundle's trials, too.

    Files of its last commit that are damaged are set aside and reported; the bundle resumes from the commit before, or
    starts again. Raises StorageFailed; InUse, within an epoch, too; Refused for other data than it was begun with; and
    whatever the experiment raises.
    """
    return watched(store, within(bundle.trials[0].files, _work(store, bundle, device)))


def _work(store: Store, bundle: Bundle, device: str) -> Generator[Report, None, None]:
    with one_thread():
        yield from _until_done(store, bundle, device)


def _until_done(store: Store, bundle: Bundle, device: str) -> Generator[Report, None, None]:
    """Runs a bundle, again from an earlier checkpoint where one cannot be used."""
    unusable: set[str] = set()  # checkpoints that the experiment cannot go on from
    while True:
        opened = _open(store, bundle, device, unusable)
        try:
            yield from _run(store, bundle, device, opened)
            return
        except Damaged as error:
            if not opened.checkpoint or error.name:
                raise
            damaged = _set_aside(store, Damaged(f"{opened.checkpoint} {error}", opened.checkpoint))
        unusable.add(opened.checkpoint)
        yield Report(bundle.id, opened.writer.manifest.step, {}, 0, damaged=(damaged,))


def _run(store: Store, bundle: Bundle, device: str, opened: "Opened") -> Generator[Report, None, None]:
    """Runs a bundle from where it was opened. Raises Damaged without a name where its checkpoint has another form."""
    begun = time.thread_time()  # of this thread alone: a launch without Ray mirrors to MLflow in the same process
    writer = opened.writer
    resumed = max(writer.manifest.step, 0)
    if opened.damaged:
        yield Report(bundle.id, writer.manifest.step, {}, 0, damaged=opened.damaged)
    kept, lost = _measured(store, bundle, device)
    if lost:
        yield Report(bundle.id, writer.manifest.step, {}, 0, damaged=(lost,))
    experiment = EXPERIMENTS.load(bundle.trials[0].experiment)
    last, now, cost = None, time.monotonic(), 0.0
    try:
        for progress in (kept,) if kept else experiment.run(bundle.trials, device, opened.state):
            _note(writer, _counting(bundle, progress))
            last = progress
            if time.monotonic() - now > max(bundle.commit_s, cost / SHARE if bundle.commit_s else 0):
                now = time.monotonic()
                _commit(writer, progress)
                cost, last = time.monotonic() - now, None
            yield _report(bundle, progress)._replace(processor_s=time.thread_time() - begun, resumed=resumed)
    except GeneratorExit:
        if last:
            _commit(writer, last)
        raise
    if last and not writer.manifest.done:
        _commit(writer, last)
    assert writer.manifest.done, f"{bundle.trials[0].experiment}.run ended without an outcome for every trial"


def _measured(store: Store, bundle: Bundle, device: str) -> tuple[Progress | None, str]:
    """What is measured of the kept networks of a bundle, where nothing else is asked for; or why they cannot be read,
    so that they are trained again."""
    if not bundle.trained_in:
        return None, ""
    try:
        return measure_trained.measured(store, bundle.trials, bundle.trained_in, device), ""
    except Damaged as error:
        return None, _set_aside(store, error)


def _commit(writer: Writer, progress: Progress) -> None:
    """With what is needed to go on, or the trained networks where every trial has ended."""
    if not writer.completes:
        writer.commit(progress.step, checkpoint.dump(progress.state()))
    else:
        writer.commit(progress.step, None, progress.weights() if progress.weights else None)


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch computes on one thread. It is not imported for that, since an experiment may do without; where it is
    imported inside, it reads the number from the environment."""
    if "torch" in sys.modules:
        set_threads()
        yield
        return
    known = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in known.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def set_threads() -> None:
    """One thread a bundle: several bundles share the machine, and a small net is slower on two threads."""
    import torch

    torch.set_num_threads(1)


class Opened(NamedTuple):
    """A bundle's writer, the state to resume from if there is one, messages about damaged files, and the name of the
    checkpoint that holds the state."""

    writer: Writer
    state: dict[str, Any] | None = None
    damaged: tuple[str, ...] = ()
    checkpoint: str = ""


def _open(store: Store, bundle: Bundle, device: str, unusable: Collection[str] = ()) -> Opened:
    """Resumes from the newest commit whose files are undamaged; starts the bundle where there is none. unusable: names
    of checkpoints to pass over."""
    mine, damaged = provenance.of(device), []
    trials = [TrialEntry(t.id, t.cell, t.plain) for t in bundle.trials]
    writer = Writer.begin(
        store, bundle.id, bundle.trials[0].experiment, trials, mine, schema=SCHEMA_VERSION,
        sources=bundle.sources, observed=bundle.observed,
    )  # fmt: skip
    try:
        manifest = store.manifest(bundle.id)
        # What is done again keeps the times it had: MLflow cannot take a point back.
        writer.manifest = manifest.begun_again(trials)
        recorded_trials(manifest, bundle.trials[0])
        for entry in reversed(manifest.checkpoints):
            if entry.name in unusable:
                continue
            try:
                then, state = _whole(store, manifest, entry)
            except Damaged as error:
                damaged.append(_set_aside(store, error))
            else:
                return Opened(Writer(store, then, replace(mine, data=then.data)), state, tuple(damaged), entry.name)
    except FileNotFoundError:
        pass  # nothing is recorded of this bundle
    except Damaged as error:
        damaged.append(_set_aside(store, error))
    return Opened(writer, None, tuple(damaged))


def _whole(store: Store, manifest: Manifest, entry: FileEntry) -> tuple[Manifest, dict[str, Any]]:
    """The bundle as it was at this checkpoint, and the state in it. Raises Damaged."""
    then = manifest.back_at(entry)
    for segment in then.segments:
        store.segment(segment)
    return then, checkpoint.load(store.checked(entry), entry.name)


def _set_aside(store: Store, error: Damaged) -> str:
    """Renames a damaged file and returns the message. Raises OtherFormat for a file of another version."""
    if isinstance(error, OtherFormat):
        raise error
    if error.name:
        with store.leased():
            store.files.set_aside(error.name)
    return str(error)


def _counting(bundle: Bundle, progress: Progress) -> Progress:
    """Without rows and weights that are kept elsewhere already."""
    if not bundle.trials[0].partial or bundle.observed is None:
        return progress
    wanted = dict(bundle.observed.measures)
    rows = [row for row in progress.rows if row.measure in wanted]
    return progress._replace(rows=rows, weights=None)


def _note(writer: Writer, progress: Progress) -> None:
    """Keeps what a bundle has reported for its next commit. Raises Refused for other data than it was begun with."""
    known, about = writer.provenance, progress.about
    if known.data and about.data and known.data.digest != about.data.digest:
        raise Refused(
            f"bundle {writer.manifest.bundle} was begun with data of digest {known.data.digest}, and here they have "
            f"{about.data.digest}; restore the data, or use another --store"
        )
    writer.provenance = replace(
        known, data=about.data or known.data, engine=about.engine or known.engine, spent=about.spent or known.spent
    )
    writer.add(progress.rows, progress.ended)


def _report(bundle: Bundle, progress: Progress) -> Report:
    ended: dict[str, str] = {trial: outcome.state for trial, outcome in progress.ended.items()}
    error, risk = (_mean(progress, measure) for measure in ("error", "risk"))
    return Report(bundle.id, progress.step, ended, progress.visits, error, risk)


def _mean(progress: Progress, measure: str) -> float | None:
    """On the training set, over the trials that have not diverged."""
    values = [r.value for r in progress.rows if r.measure == measure and r.split == "train" and math.isfinite(r.value)]
    return sum(values) / len(values) if values else None


def give_up(store: Store, bundle: Bundle, device: str, error: str) -> None:
    """Records that a bundle's unfinished trials failed, with the error; what was measured before is kept."""
    writer = _open(store, bundle, device).writer
    unfinished = [t for t in writer.manifest.trials if not t.ended]
    writer.add([], {t.id: Outcome("failed", t.step, error) for t in unfinished})
    writer.commit(writer.manifest.step, None)
