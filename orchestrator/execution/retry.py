"""Decides what to do about bundles that failed: retry, split in halves, or give up. Pure: it only counts.

out of memory   halves, until one trial is left
exception       halves, until the trial that raises it is alone
worker died     retry from its commit, after 1, 4, 16 s; after two deaths without a commit in between, halves
worker lost     the same, but halves only after BUDGET losses in a row: a lost machine is no fault of a trial

Trials that are recorded as ended are in none of the halves. A trial that fails alone is given up.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from orchestrator.planning.bundling import halves
from workers.bundle import Bundle
from workers.runtime.failure import Failure

BUDGET = 5  # times a worker may be lost without a commit in between
DEATHS = 2  # times a worker may die without a commit in between
RETRY_COMMIT_S = 0.25  # between commits after a death: at the next one it is known whether any work was done
LONGEST_PAUSE_S = 16.0


class Done(NamedTuple):
    """What is recorded of a bundle: its number of commits, and its trials that have a result. A trial that is recorded
    as failed has none, and is tried again in a half."""

    commits: int = 0
    with_result: frozenset[str] = frozenset()


@dataclass
class _Tries:
    """Deaths and losses in a row, and how many commits there were at the last."""

    died: int = 0
    lost: int = 0
    commits: int = 0


@dataclass(frozen=True)
class Decision:
    """What follows: bundles to run after a pause, and trials to record as failed."""

    bundles: list[Bundle]
    given_up: list[tuple[Bundle, Failure]]
    pause_s: float


@dataclass
class Retries:
    """The failures of one launch, counted."""

    tries: dict[str, _Tries] = field(default_factory=dict)

    def decide(self, failures: Mapping[str, Failure], bundles: Sequence[Bundle], done: Mapping[str, Done]) -> Decision:
        """`failures` by bundle id, and what is recorded of each of these bundles."""
        out = Decision([], [], 0.0)
        pause = 0.0
        for bundle in bundles:
            if bundle.id not in failures:
                continue
            failure = failures[bundle.id]
            if failure.kind in ("died", "lost") and self._may_retry(bundle.id, failure, done[bundle.id].commits):
                out.bundles.append(replace(bundle, commit_s=RETRY_COMMIT_S))
                pause = max(pause, self._pause(bundle.id))
            else:
                _split(bundle, failure, done[bundle.id].with_result, out)
        return replace(out, pause_s=pause)

    def _may_retry(self, id: str, failure: Failure, commits: int) -> bool:
        tries = self.tries.setdefault(id, _Tries())
        if commits > tries.commits:
            tries.died = tries.lost = 0
        tries.commits = commits
        tries.died += failure.kind == "died"
        tries.lost += failure.kind == "lost"
        return tries.died < DEATHS and tries.lost <= BUDGET

    def _pause(self, id: str) -> float:
        tries = self.tries[id]
        return min(4.0 ** (tries.died + tries.lost - 1), LONGEST_PAUSE_S)


def _split(bundle: Bundle, failure: Failure, with_result: Collection[str], out: Decision) -> None:
    left = [t for t in bundle.trials if t.id not in with_result]
    if len(left) > 1:
        out.bundles.extend(replace(half, commit_s=bundle.commit_s) for half in halves(bundle.part(left)))
    elif left:
        out.given_up.append((bundle, failure))
