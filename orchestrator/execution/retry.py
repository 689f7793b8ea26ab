"""What to do about bundles that failed: again, in halves, or given up. Pure; it only counts.

out of memory   halves, until one trial is left
exception       halves, until the trial that raises it is alone
worker died     again from its commit, after 1, 4, 16 s; twice without a commit in between: halves
worker lost     the same, but only after BUDGET times in a row: a machine that went away is no fault of a trial

Only work is split of which nothing is recorded as ended. A trial that fails alone is given up.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.planning.pack import halves
from workers.bundle import Bundle, together
from workers.runtime.failure import Failure

BUDGET = 5  # times a worker may be lost without a commit in between
DEATHS = 2  # times a worker may die without a commit in between
HURRY_S = 0.25  # between commits after a death, so that the next one shows whether any work gets done at all
LONGEST_S = 16.0


@dataclass
class _Tries:
    """Deaths and losses in a row, and how many commits there were at the last."""

    died: int = 0
    lost: int = 0
    commits: int = 0


@dataclass(frozen=True)
class Next:
    """What follows: bundles to run after a pause, and trials to record as failed."""

    bundles: list[Bundle]
    given_up: list[tuple[Bundle, Failure]]
    pause_s: float


@dataclass
class Retries:
    """The memory of one launch."""

    tries: dict[str, _Tries] = field(default_factory=dict)

    def next(
        self,
        failed: Mapping[str, Failure],
        bundles: Sequence[Bundle],
        commits: Callable[[Bundle], int],
        ended: Callable[[Bundle], Collection[str]],
    ) -> Next:
        """`commits` tells how many commits a bundle has, `ended` which of its trials are recorded as ended."""
        out = Next([], [], 0.0)
        pause = 0.0
        for bundle in bundles:
            if bundle.id not in failed:
                continue
            failure = failed[bundle.id]
            if failure.kind in ("died", "lost") and self._may_again(bundle.id, failure, commits(bundle)):
                out.bundles.append(replace(bundle, commit_s=HURRY_S))
                pause = max(pause, self._pause(bundle.id))
            else:
                _split(bundle, failure, ended(bundle), out)
        return replace(out, pause_s=pause)

    def _may_again(self, id: str, failure: Failure, commits: int) -> bool:
        tries = self.tries.setdefault(id, _Tries())
        if commits > tries.commits:
            tries.died = tries.lost = 0
        tries.commits = commits
        tries.died += failure.kind == "died"
        tries.lost += failure.kind == "lost"
        return tries.died < DEATHS and tries.lost <= BUDGET

    def _pause(self, id: str) -> float:
        tries = self.tries[id]
        return min(4.0 ** (tries.died + tries.lost - 1), LONGEST_S)


def _split(bundle: Bundle, failure: Failure, ended: Collection[str], out: Next) -> None:
    left = [t for t in bundle.trials if t.id not in ended]
    if len(left) > 1:
        out.bundles.extend(replace(half, commit_s=bundle.commit_s) for half in halves(together(left)))
    elif left:
        out.given_up.append((bundle, failure))
