"""What a manifest is: the committed state of one bundle, with the checksum of every file that belongs to it.

Commits are numbered from 1. A segment and a checkpoint carry the number of the commit that made them, and a trial that
of the commit in which it ended, so that a manifest can be taken back to the commit of an older checkpoint.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tracking.common.errors import Damaged, OtherFormat
from tracking.records import rows
from tracking.records.storage import sha256

FORMAT = 1
ENDED = frozenset({"finished", "diverged", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of one trial. `clock` holds (step, milliseconds since 1970) of the commits, in order: a row of
    a step was committed at the first entry whose step is not less."""

    id: str
    cell: str
    experiment: str
    settings: dict[str, Any]
    bundle: str
    state: rows.State
    step: int
    reason: str
    started_ms: int
    clock: tuple[tuple[int, int], ...]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """The committed state of one bundle. `trials` are plain values: id, cell, settings, state, step, reason."""

    bundle: str
    experiment: str
    step: int
    trials: tuple[dict[str, Any], ...]
    provenance: dict[str, Any]
    started_ms: int
    segments: tuple[dict[str, Any], ...] = ()
    checkpoints: tuple[dict[str, Any], ...] = ()
    clock: tuple[tuple[int, int], ...] = ()

    def to_bytes(self) -> bytes:
        """JSON with its own checksum, so that a flipped bit cannot pass for a result."""
        content = {"format": FORMAT, **self.__dict__}
        text = json.dumps(content, sort_keys=True, allow_nan=False)
        return json.dumps({"sha256": sha256(text.encode()), "manifest": text}).encode()

    @staticmethod
    def of(content: bytes, name: str) -> "Manifest":
        """Raises Damaged, naming the file; OtherFormat when it is whole and of another version of this program."""
        try:
            outer = json.loads(content)
            whole = sha256(outer["manifest"].encode()) == outer["sha256"]
            inner = json.loads(outer["manifest"])
            written = inner.pop("format")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Damaged(f"{name} is not a manifest ({error})", name) from error
        if not whole:
            raise Damaged(f"{name} does not match its checksum", name)
        if written != FORMAT:
            raise OtherFormat(
                f"{name} was written by another version of this program (format {written}, here {FORMAT})", name
            )
        tuples = {k: tuple(inner[k]) for k in ("segments", "checkpoints")}
        clock, trials = tuple(tuple(x) for x in inner["clock"]), tuple(_shared(inner["trials"]))
        return Manifest(**{**inner, **tuples, "clock": clock, "trials": trials})

    @property
    def done(self) -> bool:
        return all(t["state"] in ENDED for t in self.trials)

    @property
    def commits(self) -> int:
        """How many commits were ever made, those that were taken back included."""
        return len(self.clock)

    def recorded(self, trial: dict[str, Any]) -> Recorded:
        """One of the trials, with what it shares with its bundle."""
        return Recorded(
            **{k: trial[k] for k in ("id", "cell", "settings", "state", "step", "reason")},
            experiment=self.experiment,
            bundle=self.bundle,
            started_ms=self.started_ms,
            clock=self.clock,
            provenance=self.provenance,
        )

    def back_at(self, checkpoint: dict[str, Any]) -> "Manifest":
        """As it was at the commit of this checkpoint. Only the clock stays whole: it says when a step was first
        committed, and what is done again gets the times it had. Raises Damaged where the commit cannot be told."""
        if checkpoint == self.checkpoints[-1]:
            return self
        commit = checkpoint.get("commit")
        if commit is None:
            raise Damaged(f"{checkpoint['name']} does not say of which commit it is")
        step = self.clock[commit - 1][0]
        return replace(
            self,
            step=step,
            trials=tuple(_back(t, commit, step) for t in self.trials),
            segments=tuple(s for s in self.segments if s.get("commit", 0) <= commit),
            checkpoints=tuple(c for c in self.checkpoints if c.get("commit", 0) <= commit),
        )


def _shared(trials: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What trials of one cell have in common, all but their seeds, as one object: there may be 10^5 trials."""
    cells: dict[str, dict[str, Any]] = {}
    for trial in trials:
        first = cells.setdefault(trial["cell"], trial)
        if first is not trial:
            common = first["settings"]
            settings = {k: common[k] if common.get(k) == v else v for k, v in trial["settings"].items()}
            trial |= {"cell": first["cell"], "settings": settings}
        yield {**trial, "state": sys.intern(trial["state"]), "reason": sys.intern(trial["reason"])}


def _back(trial: dict[str, Any], commit: int, step: int) -> dict[str, Any]:
    if trial["state"] in ENDED and trial.get("commit", 0) <= commit:
        return trial
    return {**trial, "state": "running", "step": step, "reason": ""}
