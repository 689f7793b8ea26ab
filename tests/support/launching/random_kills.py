"""Kills a real sweep at random instants, over and over, and compares its records with those of an undisturbed launch.

    make soak                                        200 kills
    python -m tests.support.launching.random_kills --kills 1000 --seed 7

A round is one store. Launch follows launch, each killed (SIGKILL) at a random instant, until one ends by itself; then
every row, outcome, trained network and MLflow run is compared with those of launches that nothing has disturbed. Some
launches use Ray: there a random process is killed, Ray's own and its workers included, and the launch may go on and be
hit again. Some are of a variant of the sweep (`OPTIONS`). Rounds take turns (`KINDS`): networks of this program, nets
of a user's own, and networks of which more is measured once they are trained, from their kept weights.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tests.support.launching import launches
from tests.support.launching.launches import Launch, Place, Program
from tests.support.networks import own_nets
from tests.support.stores import compare_records

# Networks of three shapes on handwritten digits; $SWEEP_COMMIT_S is 0 here, so that every epoch is committed.
FIXED: dict[str, Any] = {
    "data": {"name": "digits", "train_size": 100, "test_size": 100}, "net": {"name": "convnet", "depth": 3},
    "optimizer": {"name": "sgd", "batch_size": 20, "learning_rate": 0.05}, "epochs": 100,
    "measure": ["error", "risk", "frobenius_norm"],
}  # fmt: skip
OWN = {**FIXED, "net": {"name": "everything"}, "epochs": 20}
VARY, SEEDS = {"net.width": [4, 8, 12], "seed": {"count": 4}}, {"seed": {"count": 4}}
PROFILES = {"debug": {"fixed": {"epochs": 9}, "vary": {"seed": {"count": 2}}}}
DIFFERENT = (("--debug",), ("--set", "epochs=15"))  # options that make other trials
OPTIONS = ((), (), (), *DIFFERENT, ("--limit", "3"))  # one of these for each launch


class Kind(NamedTuple):
    """The sweep of a round; `more`: its file once all of it is done, "" where it stays."""

    text: str
    more: str = ""


def _sweep(fixed: dict[str, Any], vary: dict[str, Any], **changes: Any) -> str:
    return launches.sweep("network", {**fixed, **changes}, vary, profiles=PROFILES)


KINDS = (
    Kind(_sweep(FIXED, VARY)),
    Kind(_sweep(OWN, SEEDS)),
    Kind(_sweep(FIXED, VARY, epochs=20), _sweep(FIXED, VARY, epochs=20, measure=[*FIXED["measure"], "margin", "norm"])),
)
LONGEST = 0.9  # latest instant of the first kill: so many times what an undisturbed launch takes
RAY_S = 10.0  # and so much later with Ray
GO_ON = (0, 75, -signal.SIGKILL)  # done, interrupted since the cluster failed, killed
RAYS_END = " core_worker"  # Ray itself ends a driver with code 1, saying so from this file, when its raylet is gone


@dataclass
class Tally:
    """What was done and what was found."""

    kills: Counter[str] = field(default_factory=Counter)  # by kind of process
    launches: int = 0
    rounds: int = 0
    rows: int = 0
    lost: int = 0
    duplicated: int = 0
    different: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def killed(self) -> int:
        return sum(self.kills.values())

    @property
    def sound(self) -> bool:
        return not (self.lost or self.duplicated or self.different or self.wrong)

    def __str__(self) -> str:
        kinds = ", ".join(f"{n} {kind}" for kind, n in self.kills.most_common())
        found = f"{self.rows} rows compared: {self.lost} lost, {self.duplicated} duplicated, {self.different} different"
        counts = f"{self.killed} kills ({kinds}), {self.launches} launches, {self.rounds} rounds"
        return "\n".join([counts, f"{found}; {len(self.wrong)} other findings", *self.wrong[:20]])


def soak(program: Program, folder: Path, kills: int, seed: int, ray: float) -> Tally:
    """So many kills, `ray` of the launches with Ray."""
    random, tally = Random(seed), Tally()
    while tally.killed < kills:
        tally.rounds += 1
        place = Place(program, folder / f"round-{tally.rounds}", DIFFERENT)
        place.folder.mkdir(parents=True)
        own_nets.written(place.folder, everything=own_nets.EVERYTHING)
        kind = KINDS[tally.rounds % len(KINDS)]
        place.write(kind.text)
        longest_s = LONGEST * place.seconds()
        _disturb(place, kills, random, ray, longest_s, tally)
        if kind.more:
            place.launch_all()
            _disturb(place.write(kind.more), kills, random, ray, longest_s, tally)
        _compare(place, tally)
        program.clean()
        if tally.sound:
            shutil.rmtree(place.folder)
        print(f"{tally.killed} kills, {tally.rounds} rounds, {tally.rows} rows compared", file=sys.stderr)
    return tally


def _disturb(place: Place, kills: int, random: Random, ray: float, longest_s: float, tally: Tally) -> None:
    """Launches until one of all trials ends by itself, or there were kills enough."""
    while tally.killed < kills:
        with_ray, options = random.random() < ray, random.choice(OPTIONS)
        launch = place.start(*options, *(("--ray",) if with_ray else ()))
        tally.launches += 1
        _hit(launch, random, longest_s + RAY_S * with_ray, tally)
        if launch.wait() not in GO_ON and not _ended_by_ray(launch):
            tally.wrong.append(f"exit code {launch.code}: {launch.err[-2000:]}")
        if launch.code == 0 and not options:
            return


def _ended_by_ray(launch: Launch) -> bool:
    return launch.code == 1 and RAYS_END in launch.err and "Traceback" not in launch.err


def _hit(launch: Launch, random: Random, longest_s: float, tally: Tally) -> None:
    """Kills a process of the launch at a random instant, and again while the launch goes on."""
    while _still_running(launch, random.uniform(0, longest_s)):
        kinds: dict[str, list[int]] = {}
        for process in launch.processes():
            kinds.setdefault(process.kind, []).append(process.pid)
        kind = random.choice(sorted(kinds)) if kinds else "driver"
        try:
            os.kill(random.choice(kinds.get(kind, [launch.pid])), signal.SIGKILL)
        except ProcessLookupError:
            continue
        tally.kills[kind] += 1


def _still_running(launch: Launch, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until and launch.code is None:
        time.sleep(0.01)
    return launch.code is None


def _compare(place: Place, tally: Tally) -> None:
    """Finishes the sweep and holds it against one that nothing has disturbed."""
    place.launch_all()
    found = compare_records.compare(place.store, place.undisturbed())
    tally.rows += found.rows
    tally.lost += found.lost
    tally.duplicated += found.duplicated
    tally.different += found.different
    tally.wrong += found.examples
    if compare_records.dump(place.store) != compare_records.dump(place.undisturbed()):
        tally.wrong.append("the records as text are not the same bytes")
    tally.wrong += [f"left behind: {name}" for name in compare_records.leftovers(place.store)]
    tally.wrong += [f"in MLflow: {how}" for how in place.wrong_runs(place.store / "mlflow.db")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ray", type=float, default=0.2, help="share of the launches that use Ray (0.2)")
    given = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sweep-soak-") as folder, launches.program(Path(folder)) as program:
        tally = soak(program, Path(folder) / "rounds", given.kills, given.seed, given.ray)
    print(f"{tally}\nseed {given.seed}, {time.monotonic() - start:.0f} s")
    return 0 if tally.sound else 1


if __name__ == "__main__":
    sys.exit(main())
