"""A bundle: trials that one worker trains together, and what it reports of itself while it runs."""

import os
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field, replace
from types import ModuleType
from typing import NamedTuple

from pydantic import ValidationError

from tracking.common.errors import Damaged, Refused
from tracking.common.named_files.sources import Source
from tracking.records import layout
from tracking.records.manifests.manifest import AT_THE_END, Manifest, Observed
from workers import user_code
from workers.plugins import EXPERIMENTS, MEASURES
from workers.trial import Trial, digest

COMMIT_S = 5.0  # seconds of training between commits; $SWEEP_COMMIT_S changes it, 0 is after every step


@dataclass(frozen=True)
class Bundle:
    """Trials trained together.

    id: depends on the trials and on what is measured of them. commit_s: seconds of training between commits. observed:
    what is measured, the same of all trials; None where the experiment leaves no choice. trained_in: where nothing is
    trained, since only the kept networks are measured: the bundle in which each trial was trained, by id.
    """

    id: str
    trials: tuple[Trial, ...]
    commit_s: float = field(default_factory=lambda: float(os.environ.get("SWEEP_COMMIT_S", COMMIT_S)))
    observed: Observed | None = None
    trained_in: Mapping[str, str] = field(default_factory=dict)

    def part(self, trials: Sequence[Trial]) -> "Bundle":
        """A bundle of some of its trials, of which the same is measured in the same way."""
        return replace(_bundle(trials, self.observed), trained_in=self.trained_in)

    @property
    def files(self) -> dict[str, Source]:
        """The user's own files that its trials and its measures use, by the digest of their source."""
        return user_code.files(self._modules())

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """(name, digest) of these files, sorted."""
        return user_code.digests(self._modules())

    def _modules(self) -> list[ModuleType]:
        """Each once: trials of one bundle differ in little."""
        every = {module.__name__: module for trial in self.trials for module in trial.modules()}
        return [*every.values(), *(module for found in measures(self.trials[0]).values() for module in found)]


class Report(NamedTuple):
    """The state of a running bundle as plain values, for the live view and the supervisor. Results are in the store."""

    bundle: str
    step: int
    ended: dict[str, str]  # trial id -> state
    visits: int  # training examples that all its models have been shown since the report before
    train_error: float | None = None  # the mean over its trials, as is the risk
    train_risk: float | None = None
    damaged: tuple[str, ...] = ()  # messages about files that were set aside when the bundle was opened
    processor_s: float = 0.0  # of this bundle in its process until now
    resumed: int | None = None  # the step it goes on from, which an earlier process committed; None before it does
    error: str = ""  # why its trials were given up, in one line


def recorded_trials(manifest: Manifest, like: Trial) -> tuple[Trial, ...]:
    """The trials of a bundle that is to be continued, looked up as `like` was.

    Raises Damaged, naming the manifest, where their settings are not those of their ids.
    """
    name, once = layout.manifest(manifest.bundle), manifest.observed.once if manifest.observed else ()
    try:
        trials = tuple(
            Trial.of(manifest.experiment, t.settings, like.files).measuring_once(once) for t in manifest.trials
        )
    except (ValidationError, Refused, RecursionError) as error:
        raise Damaged(f"{name} is not a manifest (its settings: {str(error).splitlines()[0]})", name) from error
    for trial, entry in zip(trials, manifest.trials, strict=True):
        if trial.id != entry.id:
            raise Damaged(f"{name} is not a manifest (the settings of trial {entry.id} are not its own)", name)
    return trials


def together(trials: Sequence[Trial]) -> Bundle:
    """A bundle of these trials, in the order of their ids."""
    return _bundle(trials, observed(trials[0]))


def measuring_kept(trained_in: Mapping[str, str], trials: Sequence[Trial]) -> Bundle:
    """A bundle of partial trials whose kept networks are measured. trained_in: as in `Bundle`."""
    assert trials[0].partial
    here = {trial.id: trained_in[trial.id] for trial in trials}
    return replace(together([t.measuring_once(t.plain["measure"]) for t in trials]), trained_in=here)


def _bundle(trials: Sequence[Trial], seen: Observed | None) -> Bundle:
    ordered = tuple(sorted(trials, key=lambda t: t.id))
    content = {"bundle": [t.id for t in ordered], "observed": asdict(seen) if seen else None}
    return Bundle(digest(content), ordered, observed=seen)


def observed(trial: Trial) -> Observed | None:
    """What is measured of a trial, and how often; None where its experiment leaves no choice."""
    if "measure" not in trial.plain:
        return None
    digests = {name: user_code.combined(user_code.files(own)) for name, own in measures(trial).items()}
    in_any_case = {} if trial.partial else dict.fromkeys(measured_in_any_case(trial), "")
    measures_of = tuple(sorted({**in_any_case, **digests}.items()))
    if len(trial.once) == len(measures_of):
        return Observed(measures_of, AT_THE_END)
    return Observed(measures_of, trial.settings.measured_steps(), trial.once)


def measured_in_any_case(trial: Trial) -> AbstractSet[str]:
    """What its experiment measures whatever is asked for."""
    with trial.files.active():
        return EXPERIMENTS.load(trial.experiment).MEASURES.keys()


def measures(trial: Trial) -> dict[str, tuple[ModuleType, ...]]:
    """What is measured of a trial, where its experiment leaves a choice: for each name the user's module, if any."""
    with trial.files.active():
        return {name: user_code.own(MEASURES, name) for name in trial.plain.get("measure", ())}
