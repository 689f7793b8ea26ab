"""Compares a sweep's trials with the records: which are done, which are missing. Starts nothing, reads nothing."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from orchestrator.planning import lacking
from tracking.common import html
from tracking.common.errors import Damaged
from tracking.common.text import count_of
from tracking.records.leases.lease_file import INTERRUPTED, Claim, claimed
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import ENDED, TrialRecord
from workers.bundle import Bundle, recorded_trials
from workers.interfaces.measure import costly
from workers.trial import Trial


@dataclass(frozen=True)
class Plan:
    """A sweep compared with the records.

    recorded: by trial id. to_run: trials that are not recorded as ended, and failed ones that are to be retried.
    begun: bundles of theirs that have a checkpoint to continue from. damaged: a message for each manifest that cannot
    be read. to_measure: trials with a result that lack measures, or were measured too seldom, each with what it lacks
    as its measures. from_weights: those of them that need not be trained again, since only the end is looked at and
    their trained weights are kept. once: the costly measures that are taken once, when a training ends. interrupted:
    trials that are recorded as running, and that no launch works on, as far as that was asked (`beside`).
    """

    trials: tuple[Trial, ...]
    recorded: Mapping[str, TrialRecord]
    to_run: tuple[Trial, ...]
    begun: tuple[Bundle, ...]
    damaged: tuple[str, ...]
    to_measure: tuple[Trial, ...] = ()
    from_weights: frozenset[str] = frozenset()
    once: tuple[str, ...] = ()
    interrupted: frozenset[str] = frozenset()

    def beside(self, at_work: Collection[Claim]) -> "Plan":
        """The same plan where these are the launches that live: trials that are recorded as running, and that none of
        them works on, are interrupted."""
        running = {r.id for r in self.recorded.values() if r.state == "running"}
        return replace(self, interrupted=frozenset(running - claimed(at_work, running)))

    @property
    def work(self) -> tuple[Trial, ...]:
        """Everything that a launch has to do."""
        return (*self.to_run, *self.to_measure)

    @property
    def lacks(self) -> dict[tuple[str, ...], Counter[str]]:
        """What recorded trials lack: how many are to be computed from "weights" and by "training", by the measures."""
        found: dict[tuple[str, ...], Counter[str]] = {}
        for t in self.to_measure:
            how = "weights" if t.id in self.from_weights else "training"
            found.setdefault(tuple(t.plain["measure"]), Counter())[how] += 1
        return found

    @property
    def why_lacking(self) -> dict[str, str]:
        """Why measures that are recorded count as lacking, by name."""
        return lacking.reasons(self.to_measure, self.recorded)

    @property
    def states(self) -> Counter[str]:
        """How many trials are in which state; "missing" are those of which nothing is recorded."""
        return Counter(self._state(t) for t in self.trials)

    @property
    def failed(self) -> dict[str, list[str]]:
        """The trials that failed, by the last line of their error."""
        found: dict[str, list[str]] = {}
        for t in self.trials:
            if self._state(t) == "failed":
                lines = self.recorded[t.id].reason.strip().splitlines() or ["no reason recorded"]
                found.setdefault(lines[-1], []).append(t.id)
        return found

    def __str__(self) -> str:
        states = ", ".join(f"{n:,} {state}" for state, n in sorted(self.states.items()))
        return f"{self._to_run}: {states}"

    def _repr_html_(self) -> str:
        return html.titled(self._to_run, html.table(("state", "trials"), sorted(self.states.items())))

    @property
    def _to_run(self) -> str:
        return f"{len(self.to_run):,} of {count_of(len(self.trials), 'trial')} to run"

    def _state(self, trial: Trial) -> str:
        if trial.id in self.interrupted:
            return INTERRUPTED
        return self.recorded[trial.id].state if trial.id in self.recorded else "missing"


def compare(
    trials: Sequence[Trial], ledger: Ledger, retry_failed: bool = False, at_the_end: Collection[str] = ()
) -> Plan:
    """Compares trials with what is recorded; with `retry_failed`, failed trials are to run again. at_the_end: measures
    of which nothing but the last step is looked at."""
    recorded = ledger.of(t.id for t in trials)
    to_run = tuple(t for t in trials if not _is_done(recorded.get(t.id), retry_failed))
    damaged = tuple(str(error) for error in ledger.damaged)
    lack = tuple(lacking.lacking(trials, recorded, at_the_end))
    kept = lacking.computable(lack, recorded, ledger, at_the_end)
    once = _once(trials[0], at_the_end) if trials else ()
    return Plan(tuple(trials), recorded, to_run, tuple(_begun(ledger, to_run, recorded)), damaged, lack, kept, once)


def _once(like: Trial, at_the_end: Collection[str]) -> tuple[str, ...]:
    with like.files.active():
        return costly(at_the_end)


def _is_done(record: TrialRecord | None, retry_failed: bool) -> bool:
    return record is not None and record.state in ENDED and not (retry_failed and record.state == "failed")


def _begun(ledger: Ledger, to_run: Sequence[Trial], recorded: Mapping[str, TrialRecord]) -> Iterator[Bundle]:
    """Interrupted bundles of which all unfinished trials are to run."""
    wanted = {t.id for t in to_run}
    names = {recorded[id].bundle for id in wanted if id in recorded and recorded[id].state == "running"}
    manifests = [ledger.manifests[name] for name in sorted(names)]
    for m in manifests:
        if m.checkpoints and {t.id for t in m.trials if not t.ended} <= wanted:
            with suppress(Damaged):  # its work is begun again by a bundle that sets it aside
                yield Bundle(m.bundle, recorded_trials(m, to_run[0]), observed=m.observed)
