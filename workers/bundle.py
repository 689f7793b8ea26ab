"""A bundle: trials that one worker trains together, and what it reports of itself while it runs."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from tracking.records.manifest import Observed
from workers.trial import Trial, digest

COMMIT_S = 5.0  # seconds of training between commits; $SWEEP_COMMIT_S changes it, 0 is after every step


@dataclass(frozen=True)
class Bundle:
    """Trials trained together. `id` depends on the trials and on what is measured of them; `commit_s` is seconds of
    training between commits."""

    id: str
    trials: tuple[Trial, ...]
    commit_s: float = field(default_factory=lambda: float(os.environ.get("SWEEP_COMMIT_S", COMMIT_S)))

    @property
    def observed(self) -> Observed | None:
        """What is measured of its trials, which is the same for all; None where the experiment leaves no choice."""
        return observed(self.trials[0])


class Report(NamedTuple):
    """The state of a running bundle as plain values, for the live view and the supervisor. Results are in the store."""

    bundle: str
    step: int
    ended: dict[str, str]  # trial id -> state
    visits: int  # training examples that all its models have been shown since the report before
    train_error: float | None = None  # the mean over its trials, as is the risk
    train_risk: float | None = None
    damaged: tuple[str, ...] = ()  # messages about files that were set aside when the bundle was opened
    error: str = ""  # why its trials were given up, in one line


def together(trials: Sequence[Trial]) -> Bundle:
    """A bundle of these trials, in the order of their ids."""
    ordered = tuple(sorted(trials, key=lambda t: t.id))
    seen = observed(ordered[0])
    content = {"bundle": [t.id for t in ordered], "observed": asdict(seen) if seen else None}
    return Bundle(digest(content), ordered)


def observed(trial: Trial) -> Observed | None:
    """What is measured of a trial, and how often; None where its experiment leaves no choice."""
    if "measure" not in trial.plain:
        return None
    return Observed(tuple((name, "") for name in trial.plain["measure"]), trial.plain["evaluate_every"])
