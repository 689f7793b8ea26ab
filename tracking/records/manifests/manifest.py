"""A manifest: the committed state of one bundle, and what it says of each of its trials.

Commits are numbered from 1. A segment and a checkpoint carry the number of the commit that made them, and a trial that
of the commit in which it ended, so that a manifest can be taken back to the commit of an older checkpoint, and every
row and every outcome can be traced to what computed it. How manifests are written to files: `manifest_json.py`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from pydantic import ConfigDict

from tracking.common.errors import Damaged
from tracking.records.provenance import DataUsed, Pairs, Provenance
from tracking.records.rows import Outcome, State

ENDED: frozenset[State] = frozenset({"finished", "diverged", "failed", "cancelled"})
UNKNOWN = 0  # number of a commit that was not recorded
FIRST_SCHEMA = 1  # the version of ids of manifests that do not say it
AT_THE_END = 0  # `Observed.every` of what was measured at the last step alone
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file that belongs to a bundle. `commit`: the one that made it. parts: (commit, number of rows) of a segment
    that was merged from several, in the order of its rows; empty where all of them have one provenance."""

    __pydantic_config__ = _STRICT
    name: str
    sha256: str
    bytes: int
    commit: int = UNKNOWN
    parts: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class TrialEntry:
    """A trial of a bundle. `step`: the last one committed, -1 before the first; `commit`: the one in which it ended."""

    __pydantic_config__ = _STRICT
    id: str
    cell: str
    settings: Mapping[str, object]
    state: State = "running"
    step: int = -1
    reason: str = ""
    commit: int = UNKNOWN

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def after(self, outcome: Outcome, commit: int) -> "TrialEntry":
        """As it is recorded once it has ended."""
        return replace(self, state=outcome.state, step=outcome.step, reason=outcome.reason, commit=commit)

    def back_at(self, commit: int, step: int) -> "TrialEntry":
        """As it was at an earlier commit, which committed this step."""
        if self.ended and self.commit <= commit:
            return self
        return replace(self, state="running", step=step, reason="", commit=UNKNOWN)


Every = int | tuple[int, ...]


def includes(there: Every, asked: Every) -> bool:
    """Whether measurements at the steps `there` are all that are asked for. As for `Observed.every`."""
    if isinstance(there, int):
        steps = (asked,) if isinstance(asked, int) else asked
        return there != AT_THE_END and all(step % there == 0 for step in steps)
    return not isinstance(asked, int) and {*asked} <= {*there}


def both(one: Every, other: Every) -> Every:
    """Steps that include those of both."""
    if AT_THE_END in (one, other):
        return one if other == AT_THE_END else other
    if isinstance(one, int) or isinstance(other, int):
        return math.gcd(*(step for every in (one, other) for step in ((every,) if isinstance(every, int) else every)))
    return tuple(sorted({*one, *other}))


@dataclass(frozen=True, slots=True)
class Observed:
    """What was measured of a training that does not depend on it, and how often.

    measures: (name, digest of its source, "" for a measure of this program), sorted. every: steps between measurements,
    AT_THE_END, or the steps that were measured, sorted. The last step is one in any case. once: the measures that were
    taken at the last step alone, sorted.
    """

    __pydantic_config__ = _STRICT
    measures: Pairs
    every: Every
    once: tuple[str, ...] = ()

    def every_of(self, measure: str) -> Every:
        """`every` of one of the measures."""
        return AT_THE_END if measure in self.once else self.every

    def count(self, measure: str, last: int) -> int:
        """At how many steps of a training with so many steps a measure was taken, the last one not counted where it is
        the only one."""
        every = self.every_of(measure)
        if isinstance(every, int):
            return last // every if every != AT_THE_END else 0
        return len(every)


@dataclass(frozen=True, slots=True)
class Beside:
    """The measures of a trial, sorted, whose rows count in another bundle than its own, and what was observed there."""

    bundle: str
    measures: tuple[str, ...]
    observed: Observed


class TrialRecord(NamedTuple):
    """What is recorded of one trial, with what it shares with its bundle. A tuple, since there may be 10^5 of them,
    and a frozen dataclass takes three times as long to make.

    clock: (step, milliseconds since 1970) of each commit, in order; a row of a step was committed at the first entry
    whose step is not less. provenances: of the commits until the trial ended, each once, in the order in which they
    were last used; `provenance` is that of the last of these commits. schema, sources, observed: as in `Manifest`.
    beside: what was measured of it later, in other bundles.
    """

    id: str
    cell: str
    experiment: str
    settings: Mapping[str, object]
    bundle: str
    state: State
    step: int
    reason: str
    commit: int
    started_ms: int
    clock: tuple[tuple[int, int], ...]
    provenances: tuple[Provenance, ...]
    schema: int = FIRST_SCHEMA
    sources: tuple[tuple[str, str], ...] = ()
    observed: Observed | None = None
    beside: tuple[Beside, ...] = ()

    @property
    def bundles(self) -> tuple[str, ...]:
        """All bundles that hold rows of it that count, its own first."""
        return (self.bundle, *(other.bundle for other in self.beside))

    @property
    def measured(self) -> dict[str, tuple[str, Every]]:
        """What was measured of it: of each name the digest of its source, and the steps between measurements."""
        seen = [(self.observed, None), *((other.observed, other.measures) for other in self.beside)]
        return {
            name: (digest, one.every_of(name))
            for one, measures in seen
            if one
            for name, digest in one.measures
            if measures is None or name in measures
        }

    @property
    def provenance(self) -> Provenance:
        return self.provenances[-1] if self.provenances else Provenance()

    @property
    def data(self) -> DataUsed | None:
        """The data it saw; None where it needs none."""
        return self.provenance.data

    @property
    def trained_with(self) -> tuple[tuple[str, str], ...]:
        """`sources` without those of measures."""
        return tuple(source for source in self.sources if not source[0].startswith("measures/"))


@dataclass(frozen=True)
class Manifest:
    """The committed state of one bundle.

    provenances: each once, however many commits it computed. computed_by: for each commit of `clock` its index in
    `provenances`; None for a commit that was taken back, whose rows were computed again by a later one. schema: the
    version of its trials' ids. sources: (name, digest) of the files that are not this program's and that its trials or
    its measures use, such as "nets/mlp", sorted. observed: None where an experiment measures the same in any case, and
    in older records, whose settings say it. weights: files of trained weights.
    """

    bundle: str
    experiment: str
    step: int
    trials: tuple[TrialEntry, ...]
    started_ms: int
    provenances: tuple[Provenance, ...] = ()
    computed_by: tuple[int | None, ...] = ()
    segments: tuple[FileEntry, ...] = ()
    checkpoints: tuple[FileEntry, ...] = ()
    clock: tuple[tuple[int, int], ...] = ()
    schema: int = FIRST_SCHEMA
    sources: tuple[tuple[str, str], ...] = ()
    observed: Observed | None = None
    weights: tuple[FileEntry, ...] = ()

    @property
    def done(self) -> bool:
        return all(trial.ended for trial in self.trials)

    @property
    def commits(self) -> int:
        """How many commits were ever made, including those that were taken back."""
        return len(self.clock)

    @property
    def data(self) -> DataUsed | None:
        """The data of the bundle, which are the same in all of its commits; None where it needs none."""
        return next((p.data for p in self.provenances if p.data), None)

    def record(self, trial: TrialEntry) -> TrialRecord:
        """One of the trials, with what it shares with its bundle."""
        return TrialRecord(
            trial.id, trial.cell, self.experiment, trial.settings, self.bundle, trial.state, trial.step, trial.reason,
            trial.commit, self.started_ms, self.clock, self._until(trial.commit), self.schema, self.sources,
            self.observed,
        )  # fmt: skip

    def _until(self, commit: int) -> tuple[Provenance, ...]:
        """The provenances of the commits up to this one, of all of them where it is UNKNOWN."""
        if len(self.provenances) <= 1:
            return self.provenances
        return _last_used_last(self.provenances, self.computed_by[: commit or None])

    def provenance_of(self, commit: int) -> Provenance:
        """What computed a commit. Commits are unknown only in manifests with one provenance, or before their second."""
        index = self.computed_by[commit - 1] if commit != UNKNOWN else 0
        return self.provenances[index or 0]

    def committed(self, step: int, ms: int, provenance: Provenance) -> "Manifest":
        """With one commit more; trials and files are those of before."""
        ms = max([ms, *(earlier for _, earlier in self.clock[-1:])])  # a clock that went back makes no step earlier
        provenances = tuple(provenance if p == provenance else p for p in self.provenances)  # with the newest `spent`
        if provenance not in provenances:
            provenances += (provenance,)
        return replace(
            self,
            step=step,
            clock=(*self.clock, (step, ms)),
            provenances=provenances,
            computed_by=(*self.computed_by, provenances.index(provenance)),
        )

    def back_at(self, checkpoint: FileEntry) -> "Manifest":
        """As it was at the commit of this checkpoint. Only the clock stays whole: it says when a step was first
        committed, and what is done again gets the times it had. Raises Damaged where the commit cannot be told."""
        if checkpoint == self.checkpoints[-1]:
            return self
        commit = checkpoint.commit
        if commit == UNKNOWN:
            raise Damaged(f"{checkpoint.name} does not say of which commit it is")
        step = self.clock[commit - 1][0]
        return replace(
            self._taken_back(commit),
            step=step,
            trials=tuple(trial.back_at(commit, step) for trial in self.trials),
            segments=tuple(s for s in self.segments if s.commit <= commit),
            checkpoints=tuple(c for c in self.checkpoints if c.commit <= commit),
            weights=tuple(w for w in self.weights if w.commit <= commit),
        )

    def _taken_back(self, commit: int) -> "Manifest":
        """Without the provenances of later commits."""
        kept = self.computed_by[:commit]
        used = sorted({index for index in kept if index is not None})
        renumbered: dict[int | None, int | None] = {old: new for new, old in enumerate(used)}
        computed_by = (*(renumbered.get(index) for index in kept), *([None] * (self.commits - commit)))
        return replace(self, provenances=tuple(self.provenances[i] for i in used), computed_by=computed_by)

    def begun_again(self, trials: Iterable[TrialEntry]) -> "Manifest":
        """Nothing of it but its times: its work is done again from the start."""
        empty = replace(self._taken_back(0), step=-1, segments=(), checkpoints=(), weights=())
        return replace(empty, trials=tuple(trials))


def _last_used_last(provenances: tuple[Provenance, ...], computed_by: Iterable[int | None]) -> tuple[Provenance, ...]:
    used = dict.fromkeys(index for index in reversed(tuple(computed_by)) if index is not None)
    return tuple(provenances[index] for index in reversed(used))
