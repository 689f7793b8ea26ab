"""Disturbs a real sweep at random instants, over and over, and compares its records with those of an undisturbed one.

    make soak                                        300 kills
    python -m tests.support.soak.run --kills 1000 --seed 7 --out somewhere

A round is one store of one kind of sweep (kinds.py). Event follows event (disturb.py): launches, on Ray or without, and
other commands are killed (SIGKILL) at random instants, two launches run at once, one is suspended, overtaken and
resumed, the disk is full for a while. After each event all that had been recorded must still be there. At the end of
the round every row, outcome, trained network, curve, verdict, MLflow run and file is compared with those of launches
that nothing has disturbed (check.py). With --out, a soak that was ended goes on with its next round.
"""

import argparse
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random

from tests.support.launching import launches, small_disks
from tests.support.launching.launches import Place, Program
from tests.support.soak import check, disturb
from tests.support.soak.instants import Instants
from tests.support.soak.kinds import DIFFERENT, KINDS, Kind, write_own
from tests.support.soak.round import Round
from tests.support.soak.tally import Tally

KILLS = 9  # of a round, about
RAY_S = 15.0  # what Ray uses of a processor besides, at least
DISK, FILES = "60m", 3000  # of a round, which events fill


def soak(program: Program, folder: Path, kills: int, seed: int, ray: float, out: Path | None = None) -> Tally:
    """So many kills, `ray` of the launches with Ray. out: a folder for the tally and the log."""
    out = out or folder
    total, needs = Tally.read(out / "tally.json"), dict[str, dict[str, float]]()
    while total.killed < kills:
        number, begun = total.rounds + 1, time.monotonic()
        kind, random = KINDS[number % len(KINDS)], Random(f"{seed} {number}")
        instants = Instants(random, needs.setdefault(kind.name, {}))
        place = Place(program, folder / f"round-{number}", DIFFERENT)
        round = Round(f"round {number}", place, random, instants, Tally(rounds=1), ray, out / "log.txt")
        with ExitStack() as stack:
            small = _disk(place.folder, stack)
            _round(round, kind, min(KILLS, kills - total.killed), small)
            program.clean()
        round.tally.seconds = time.monotonic() - begun
        round.tally.kinds[kind.name] += 1
        total += round.tally
        total.write(out / "tally.json")
        counts = f"{total.killed} kills, {total.rounds} rounds, {total.rows} rows"
        round.say(f"compared, {round.tally.seconds:.0f} s; in all {counts}")
    return total


def _disk(folder: Path, stack: ExitStack) -> bool:
    """Mounts a small disk, if the system lets us."""
    if not small_disks.can_mount():
        folder.mkdir(parents=True)
        return False
    stack.enter_context(small_disks.small_disk(folder, DISK, FILES))
    return True


def _round(round: Round, kind: Kind, kills: int, small: bool) -> None:
    write_own(round.place.folder)
    round.place.write(kind.text)
    if "launch" not in round.instants.needs:
        round.instants.needs["launch"] = _needs(round)
        round.instants.needs["launch --ray"] = round.instants.needs["launch"] + RAY_S
    events = [e for e in disturb.EVENTS if small or e not in disturb.ON_SMALL_DISK]
    _disturb(round, events, kills // 2 if kind.more else kills)
    if kind.more:
        round.place.launch_all()
        round.place.write(kind.more)
        _disturb(round, [e for e in events if e not in disturb.REMOVING], kills)
    check.whole(round)


def _needs(round: Round) -> float:
    """What an undisturbed launch uses of a processor."""
    fresh = round.place.fresh()
    instants = Instants(round.random)  # of its own: in the round nothing has been launched
    assert instants.ended(fresh.start(), "launch") == 0
    return instants.needs["launch"]


def _disturb(round: Round, events: list[disturb.Event], kills: int) -> None:
    """Event after event, until there were so many kills in this round. What was recorded is looked at where nothing is
    running any more: a worker of Ray may outlive its driver by some seconds."""
    recorded = check.grown(round, {})
    while round.tally.killed < kills:
        event = round.random.choices(events, [disturb.EVENTS[e] for e in events])[0]
        round.say(event.__name__)
        event(round)
        if not round.running():
            recorded = check.grown(round, {} if event in disturb.REMOVING else recorded)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ray", type=float, default=0.2, help="share of the launches that use Ray (0.2)")
    parser.add_argument("--out", type=Path, help="folder of tally.json and log.txt, from which a soak goes on")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # nothing stays mounted
    with tempfile.TemporaryDirectory(prefix="sweep-soak-") as folder, launches.program(Path(folder)) as program:
        if given.out:
            given.out.mkdir(parents=True, exist_ok=True)
        tally = soak(program, Path(folder) / "rounds", given.kills, given.seed, given.ray, given.out)
    print(f"{tally}\nseed {given.seed}, {tally.seconds:.0f} s")
    return 0 if tally.sound else 1


if __name__ == "__main__":
    sys.exit(main())
