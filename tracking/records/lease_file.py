"""Who has claimed which trials: lease files as everybody may read them. How they are written: `lease.py`."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracking.records import layout
from tracking.records.process_identity import born, machine
from tracking.records.storage import Files

SILENCE_S = 30.0  # a beat that stands still for so long belongs to nobody; $SWEEP_LEASE_S changes it
BEATS = 15  # in that time
RELEASED = -1


def silence() -> float:
    """Seconds without a beat after which an owner counts as gone."""
    return float(os.environ.get("SWEEP_LEASE_S", SILENCE_S))


@dataclass(frozen=True)
class Claim:
    """Who works on what. `machine` and `born` tell whether the process `pid` still is the one that claimed; `trials` is
    None where the file cannot be read, which might then be any."""

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

    def overlaps(self, sweep: str, trials: frozenset[str]) -> bool:
        return not self.released and (self.trials is None or self.sweep == sweep or bool(self.trials & trials))

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since_ms / 1000))
        return f"process {self.pid} on {self.host}, since {since}"


def claims(files: Files) -> list[Claim]:
    """All claims, by number."""
    found = []
    for name in files.names(layout.LEASES, layout.LEASE):
        if not Path(name).stem.isdigit():
            continue
        try:
            found.append(read_claim(int(Path(name).stem), files.read(name)))
        except FileNotFoundError:  # released and tidied since it was listed
            continue
    return sorted(found, key=lambda c: c.number)


def abandoned(files: Files, sweep: str, trials: frozenset[str]) -> bool:
    """Whether a process of this machine that claimed some of these trials has ended without releasing them."""
    return any(c.overlaps(sweep, trials) and is_gone(c) for c in claims(files))


def at_work(files: Files) -> list[Claim]:
    """The claims whose owners are alive: processes of this machine that run, others whose beat rises while we look."""
    first = [c for c in claims(files) if not c.released and not is_gone(c)]
    here = [c for c in first if c.machine == machine()]
    elsewhere = {c.number: c.beat for c in first if c not in here}
    if elsewhere:
        time.sleep(2.5 * silence() / BEATS)
        here += [c for c in claims(files) if not c.released and elsewhere.get(c.number, c.beat) != c.beat]
    return here


def is_gone(claim: Claim) -> bool:
    """Whether the owner certainly is no more: a process of this machine that has ended."""
    return claim.machine == machine() and born(claim.pid) != claim.born


def name_of(number: int) -> str:
    return layout.lease(number)


def head(beat: int) -> bytes:
    return f"{beat:+013d}\n".encode()


def read_claim(number: int, content: bytes) -> Claim:
    beat, _, body = content.partition(b"\n")
    if beat + b"\n" == head(RELEASED):
        return Claim(number, beat, released=True)
    try:
        about: dict[str, Any] = json.loads(body)
        return Claim(number, beat, **{**about, "trials": frozenset(about["trials"])})
    except (ValueError, TypeError, KeyError):
        return Claim(number, content)
