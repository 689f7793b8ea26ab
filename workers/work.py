"""Works on one bundle: runs its experiment and commits what it measures, from the last commit on if there is one."""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tracking import named
from tracking.rows import Outcome, Progress
from tracking.store import ENDED, Damaged, Manifest, Store, Writer
from workers import checkpoint, provenance
from workers.trial import Trial

COMMIT_S = 5.0  # seconds of training between commits
SHARE = 0.02  # of the time at most is spent committing


@dataclass(frozen=True)
class Bundle:
    """Trials trained together. `id` depends on the trials alone."""

    id: str
    trials: tuple[Trial, ...]


class Report(NamedTuple):
    """What a bundle says of itself while it runs: plain values, for people to look at. Results are in the store."""

    bundle: str
    step: int
    ended: dict[str, str]  # trial id -> state
    visits: int
    train_error: float | None
    error: str = ""  # why the bundle failed as a whole


def work(store: Store, bundle: Bundle, device: str) -> Generator[Report, None, None]:
    """Runs a bundle to its end. Whoever stops iterating gets a last commit when the generator is closed."""
    set_threads()
    writer, resume = _open(store, bundle, device)
    experiment = named.load("workers.experiments", bundle.trials[0].experiment)
    last, now, cost = None, time.monotonic(), 0.0
    try:
        for progress in experiment.run(bundle.trials, device, resume):
            _note(writer, progress)
            last = progress
            if time.monotonic() - now > max(COMMIT_S, cost / SHARE):
                now = time.monotonic()
                writer.commit(progress.step, checkpoint.dump(progress.state()))
                cost, last = time.monotonic() - now, None
            yield _report(bundle, progress)
    except GeneratorExit:
        if last:
            writer.commit(last.step, checkpoint.dump(last.state()))
        raise
    if not writer.manifest.done:
        writer.commit(last.step if last else writer.manifest.step, None)
    assert writer.manifest.done, f"{bundle.trials[0].experiment}.run ended without an outcome for every trial"


def set_threads() -> None:
    """One thread a bundle: several bundles share the machine, and two threads in one small net slow each other."""
    import torch

    torch.set_num_threads(1)


def _open(store: Store, bundle: Bundle, device: str) -> tuple[Writer, dict[str, Any] | None]:
    """The bundle's writer and the state to go on from, if it was begun and its checkpoint is whole."""
    about = provenance.of(device)
    try:
        manifest = store.manifest(bundle.id)
        resume, manifest = _last_whole(store, manifest)
        return Writer(store, replace(manifest, provenance={**manifest.provenance, **about})), resume
    except (FileNotFoundError, Damaged):
        trials = [{"id": t.id, "cell": t.cell, "settings": t.plain} for t in bundle.trials]
        return Writer.begin(store, bundle.id, bundle.trials[0].experiment, trials, about), None


def _last_whole(store: Store, manifest: Manifest) -> tuple[dict[str, Any], Manifest]:
    """The state of the last commit. Raises Damaged when its files are not whole: the work is then done again."""
    if not manifest.checkpoints:
        raise Damaged(f"{manifest.bundle} has no checkpoint")
    for segment in manifest.segments:
        store.checked(segment)
    return checkpoint.load(store.checked(manifest.checkpoints[-1])), manifest


def _note(writer: Writer, progress: Progress) -> None:
    writer.add(progress.rows, progress.ended)
    if progress.about:
        writer.manifest = replace(writer.manifest, provenance={**writer.manifest.provenance, **progress.about})


def _report(bundle: Bundle, progress: Progress) -> Report:
    errors = [r.value for r in progress.rows if r.measure == "error" and r.split == "train"]
    error = sum(errors) / len(errors) if errors else None
    ended: dict[str, str] = {trial: outcome.state for trial, outcome in progress.ended.items()}
    return Report(bundle.id, progress.step, ended, progress.visits, error)


def give_up(store: Store, bundle: Bundle, device: str, error: str) -> None:
    """Records that a bundle's unfinished trials failed, with the error; what was measured before is kept."""
    writer, _ = _open(store, bundle, device)
    unfinished = [t for t in writer.manifest.trials if t["state"] not in ENDED]
    writer.add([], {t["id"]: Outcome("failed", t["step"], error) for t in unfinished})
    writer.commit(writer.manifest.step, None)


def together(trials: Sequence[Trial]) -> Bundle:
    """A bundle of these trials, in the order of their ids."""
    from workers.trial import digest

    ordered = tuple(sorted(trials, key=lambda t: t.id))
    return Bundle(digest({"bundle": [t.id for t in ordered]}), ordered)
