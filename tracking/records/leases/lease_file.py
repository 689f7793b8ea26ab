"""Lease files as any process reads them: which launch has claimed which trials. They are written by `lease.py`."""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from tracking.common.text import date_and_time
from tracking.records import layout
from tracking.records.files.storage import Files
from tracking.records.leases.heartbeat import interval
from tracking.records.leases.process_identity import born, machine

RELEASED = -1
INTERRUPTED = "interrupted"  # the state of a trial that is recorded as running, and that no launch works on


class Owner(BaseModel):
    """The second line of a lease file, as JSON."""

    model_config = ConfigDict(frozen=True, strict=True)
    host: str
    machine: str
    pid: int
    born: str
    since_ms: int
    sweep: str
    trials: tuple[str, ...] | None


@dataclass(frozen=True)
class Claim:
    """The content of a lease file. `machine` and `born` tell whether the process `pid` is still the one that claimed.
    `trials` is None where it claims every trial: the whole store is claimed, or the file cannot be read."""

    number: int
    beat: bytes
    released: bool = False
    host: str = "unknown"
    machine: str = ""
    pid: int = 0
    born: str = ""
    since_ms: int = 0
    sweep: str = ""
    trials: frozenset[str] | None = None

    @property
    def name(self) -> str:
        return name_of(self.number)

    def overlaps(self, sweep: str, trials: frozenset[str] | None) -> bool:
        """Whether it claims some of these trials, of which None means all, or works on the same sweep."""
        if self.released:
            return False
        return self.trials is None or trials is None or self.sweep == sweep or bool(self.trials & trials)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {date_and_time(self.since_ms)}"


def claims(files: Files) -> list[Claim]:
    """All claims, by number."""
    found = []
    for name in files.names(layout.LEASES, layout.LEASE):
        try:
            found.append(read_claim(layout.lease_number(name), files.read(name)))
        except FileNotFoundError:  # deleted since it was listed
            continue
    return sorted(found, key=lambda c: c.number)


def abandoned(files: Files, sweep: str, trials: frozenset[str]) -> bool:
    """Whether a process of this machine that claimed some of these trials has ended without releasing them."""
    return any(c.overlaps(sweep, trials) and is_gone(c) for c in claims(files))


def at_work(files: Files) -> list[Claim]:
    """The claims whose owners are alive: processes of this machine that run, and owners elsewhere whose beat changes
    while this function waits."""
    first = [c for c in claims(files) if not c.released and not is_gone(c)]
    here = [c for c in first if c.machine == machine()]
    elsewhere = {c.number: c.beat for c in first if c not in here}
    if elsewhere:
        time.sleep(2.5 * interval())
        here += [c for c in claims(files) if not c.released and elsewhere.get(c.number, c.beat) != c.beat]
    return here


def claimed(at_work: Iterable[Claim], trials: Collection[str]) -> set[str]:
    """Which of these trials one of these launches works on."""
    return {id for claim in at_work for id in (trials if claim.trials is None else claim.trials.intersection(trials))}


def is_gone(claim: Claim) -> bool:
    """Whether the owner has certainly ended: it was a process of this machine, which has no such process now."""
    return claim.machine == machine() and born(claim.pid) != claim.born


def name_of(number: int) -> str:
    return layout.lease(number)


def head(beat: int) -> bytes:
    return f"{beat:+013d}\n".encode()


def read_claim(number: int, content: bytes) -> Claim:
    """The claim in a lease file."""
    beat, _, body = content.partition(b"\n")
    if beat + b"\n" == head(RELEASED):
        return Claim(number, beat, released=True)
    try:
        owner = Owner.model_validate_json(body)
    except ValidationError:
        return Claim(number, content)
    return Claim(
        number, beat, False, owner.host, owner.machine, owner.pid, owner.born, owner.since_ms, owner.sweep,
        None if owner.trials is None else frozenset(owner.trials),
    )  # fmt: skip
