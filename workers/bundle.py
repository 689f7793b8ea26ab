"""A bundle: trials that one worker trains together, and what it reports of itself while it runs."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from workers.trial import Trial, digest

COMMIT_S = 5.0  # seconds of training between commits; $SWEEP_COMMIT_S changes it, 0 is after every step


@dataclass(frozen=True)
class Bundle:
    """Trials trained together. `id` depends on the trials alone; `commit_s` is seconds of training between commits."""

    id: str
    trials: tuple[Trial, ...]
    commit_s: float = field(default_factory=lambda: float(os.environ.get("SWEEP_COMMIT_S", COMMIT_S)))


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
    return Bundle(digest({"bundle": [t.id for t in ordered]}), ordered)
