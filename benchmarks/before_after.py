"""What the trials of shipped laptop profiles cost in CPU-seconds: the code of another checkout against this one's.

    git worktree add ../before COMMIT      # and in it: python setup.py build_ext --inplace
    python -m benchmarks.before_after ../before [fig1 sec14 ...] [--rounds 2] [--out before_after.json]

Arms, in turns: `before`, that checkout's code and sweep file; `code`, this code and that checkout's file, so that both
do the same work; `now`, this code and this file, where the file asks for other work. Each profile is made short (SHORT)
for all arms alike. Only what an experiment computes is counted (experiment_cost.py): what a launch takes besides is
startup.py's. SWEEP_DATA has the images.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmarks.results_file import keep
from benchmarks.startup import HERE, commit

Settings = dict[str, Any]  # a part of a sweep file
Found = dict[str, dict[str, list[float]]]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # two that wait for each other cost more
NESTED = ("data", "net")  # sections of sections, of which the profile keeps what is not named
ONE_SEED: Settings = {"seed": {"count": 1}}
SHORT: dict[str, Settings] = {  # by sweep: sections that are put over its laptop profile
    "sec14": {"fixed": {"epochs": 300}},
    "polynomial": {
        "fixed": {"data": {"train_size": 500, "test_size": 500}, "epochs": 3},
        "vary": {**ONE_SEED, "net.degree": [4]},
    },
    "fig6": {"vary": {"degree": {"linear_space": [1, 299], "count": 3, "integer": True}}},
    # All epochs of Figures 1 and 2, since they decide which are evaluated; so many images that evaluation has the share
    # that it has in the whole profile.
    "fig1": {
        "fixed": {"data": {"test_size": 900}},
        "vary": {**ONE_SEED, "data.train_size": [300], "data.label_noise": [0.0]},
    },
    "fig2": {
        "fixed": {"data": {"train_size": 300, "test_size": 1500}},
        "vary": {**ONE_SEED, "net.width": [8], "net.batch_norm": [False], "net.init": ["he"]},
    },
    "fig5": {"fixed": {"data": {"train_size": 200, "test_size": 200}, "epochs": 20}, "vary": ONE_SEED},
    "fig3": {
        "fixed": {"net": {"width": 3}, "points": 25, "epochs": 1000},
        "vary": {**ONE_SEED, "surface": ["network"], "loss": ["square"]},
    },
}
DRAWN = ("curves", "heatmaps", "panels", "surfaces", "claims")  # left out: they are about trials that are left out


def short(checkout: Path, name: str) -> Settings:
    """The sweep file of a checkout with its laptop profile made short."""
    (path,) = (checkout / "sweeps").rglob(f"{name}.yaml")
    whole: Settings = {k: v for k, v in yaml.safe_load(path.read_text()).items() if k not in DRAWN}
    profile = whole.setdefault("profiles", {}).setdefault("laptop", {})
    for section, changes in SHORT[name].items():
        there = profile.setdefault(section, {})
        profile[section] = {**there, **{k: {**there.get(k, {}), **v} if k in NESTED else v for k, v in changes.items()}}
    return whole


def work(sweep: Settings) -> list[Settings]:
    """What a sweep file has done: without titles, curves and claims."""
    profile = sweep["profiles"]["laptop"]
    return [sweep["fixed"], profile.get("fixed", {}), profile.get("vary", {})]


class Arm(NamedTuple):
    """A checkout and the sweep files, by name, that its code runs."""

    checkout: Path
    files: dict[str, Settings]


def arms(before: Path, names: Sequence[str]) -> dict[str, Arm]:
    """The three arms; `now` has only the files that ask for other work than before."""
    old, new = ({name: short(checkout, name) for name in names} for checkout in (before, HERE))
    other = {name: new[name] for name in names if work(old[name]) != work(new[name])}
    return {"before": Arm(before, old), "code": Arm(HERE, old), "now": Arm(HERE, other)}


def cost(arm: Arm) -> dict[str, tuple[float, int]]:
    """CPU-seconds of the trials of each file by the code of a checkout, and how many rows they have. Raises
    RuntimeError."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.yaml" for name in arm.files]
        for file, sweep in zip(files, arm.files.values(), strict=True):
            file.write_text(yaml.safe_dump(sweep))
        command = [sys.executable, str(HERE / "benchmarks/experiment_cost.py"), "laptop", *map(str, files)]
        environment = {**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONPATH": str(arm.checkout)}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{arm.checkout} ended with {done.returncode}: {done.stderr[-2000:]}")
    lines = [line.split() for line in done.stdout.splitlines()]
    return {name: (float(s), int(rows)) for name, (s, rows) in zip(arm.files, lines, strict=True)}


def measure(before: Path, names: Sequence[str], rounds: int) -> Found:
    """By sweep and arm the CPU-seconds of every round; the arms run in the opposite order every other round. Raises
    RuntimeError where `before` and `code` do not record the same number of rows."""
    found: Found = {name: {} for name in names}
    recorded: dict[str, set[int]] = {name: set() for name in names}
    for i in range(rounds):
        for label, arm in list(arms(before, names).items())[:: -1 if i % 2 else 1]:
            for name, (seconds, rows) in cost(arm).items() if arm.files else ():
                found[name].setdefault(label, []).append(round(seconds, 3))
                if label != "now":
                    recorded[name].add(rows)
                print(f"round {i + 1}, {label}, {name}: {seconds:.2f} CPU-s, {rows} rows", file=sys.stderr, flush=True)
    if other := [name for name, counts in recorded.items() if len(counts) > 1]:
        raise RuntimeError(f"before and code do different work: {other}")
    return found


def main() -> None:
    """Parses, measures, prints a table and keeps the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="another checkout, with its kernels built")
    parser.add_argument("sweeps", nargs="*", help=f"of {', '.join(SHORT)}; all of them where none is named")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    before, names = given.before.resolve(), given.sweeps or list(SHORT)
    about = {"date": datetime.now(UTC).date().isoformat(), "cores": os.cpu_count(), "rounds": given.rounds}
    about |= {"commits": {"before": commit(before), "now": commit(HERE)}}
    found = measure(before, names, given.rounds)
    for name, of in found.items():
        medians = {arm: statistics.median(values) for arm, values in of.items()}
        ratio = medians["before"] / medians.get("now", medians["code"])
        print(f"{name:12}", *(f"{arm} {value:.2f}" for arm, value in medians.items()), f"{ratio:.2f}x")
    keep({**about, "sweeps": found}, given.out)


if __name__ == "__main__":
    main()
