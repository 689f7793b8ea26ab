"""What the trials of shipped laptop profiles cost in CPU-seconds: the code of another checkout against this one's.

    git worktree add ../before COMMIT      # and in it: python setup.py build_ext --inplace
    python -m benchmarks.before_after ../before [fig1 sec14 ...] [--rounds 2] [--out before_after.json]

Arms, in turns: `before`, that checkout's code and sweep file; `code`, this code and that checkout's file, so that both
do the same work; `now`, this code and this file, where the file asks for other work. Each profile is made short (SHORT)
for all arms alike. Only what an experiment computes is counted (experiment_cost.py): what a launch takes besides is
startup.py's. SWEEP_DATA has the images.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks.startup import HERE, commit
from workers.runtime import provenance

Settings = dict[str, Any]  # a part of a sweep file
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # two that wait for each other cost more
NESTED = ("data", "net")  # sections of sections, of which the profile keeps what is not named
ONE_SEED: Settings = {"seed": {"count": 1}}
SHORT: dict[str, Settings] = {  # by sweep: sections that are put over its laptop profile
    "sec14": {"fixed": {"epochs": 600}},
    "polynomial": {"fixed": {"epochs": 3}, "vary": ONE_SEED},
    "fig6": {"vary": {"degree": {"linear_space": [1, 299], "count": 6, "integer": True}}},
    # All epochs of Figures 1 and 2, since they decide which are evaluated; so many images that evaluation has the share
    # that it has in the whole profile.
    "fig1": {
        "fixed": {"data": {"test_size": 3000}},
        "vary": {**ONE_SEED, "data.train_size": [1000], "data.label_noise": [0.0]},
    },
    "fig2": {"vary": {**ONE_SEED, "net.width": [8], "net.batch_norm": [False], "net.init": ["he"]}},
    "fig5": {"fixed": {"epochs": 16}, "vary": ONE_SEED},
    "fig3": {
        "fixed": {"net": {"width": 3}, "points": 25},
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


def arms(before: Path, name: str) -> dict[str, tuple[Path, Settings]]:
    """Of each arm the checkout and the sweep file."""
    old, new = short(before, name), short(HERE, name)
    found = {"before": (before, old), "code": (HERE, old), "now": (HERE, new)}
    if work(old) == work(new):
        del found["code"]
    return found


def cost(checkout: Path, sweep: Settings) -> tuple[float, int]:
    """CPU-seconds of the trials of a sweep by the code of a checkout, and how many rows they have. Raises
    RuntimeError."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "short.yaml"
        file.write_text(yaml.safe_dump(sweep))
        command = [sys.executable, str(HERE / "benchmarks/experiment_cost.py"), str(file), "laptop"]
        environment = {**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONPATH": str(checkout)}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{sweep['title']} in {checkout} ended with {done.returncode}: {done.stderr[-2000:]}")
    seconds, rows = done.stdout.split()
    return float(seconds), int(rows)


def measure(before: Path, name: str, rounds: int) -> dict[str, list[float]]:
    """CPU-seconds of every arm in every round, in the opposite order every other round. Raises RuntimeError where
    arms of one file do not record the same number of rows."""
    found: dict[str, list[float]] = {}
    recorded: dict[str, set[int]] = {}
    for i in range(rounds):
        for arm, (checkout, sweep) in list(arms(before, name).items())[:: -1 if i % 2 else 1]:
            seconds, rows = cost(checkout, sweep)
            found.setdefault(arm, []).append(round(seconds, 3))
            recorded.setdefault(str(work(sweep)), set()).add(rows)
    if any(len(counts) > 1 for counts in recorded.values()):
        raise RuntimeError(f"{name}: the arms do different work: {recorded}")
    return found


def main() -> None:
    """Parses, measures, prints a table and keeps the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="another checkout, with its kernels built")
    parser.add_argument("sweeps", nargs="*", help=f"of {', '.join(SHORT)}; all of them where none is named")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    before, found = given.before.resolve(), {}
    about = {"date": datetime.now(UTC).date().isoformat(), "cores": os.cpu_count(), "rounds": given.rounds}
    about |= {"commits": {"before": commit(before), "now": commit(HERE)}, "from": provenance.of("cpu").plain()}
    for name in given.sweeps or SHORT:
        found[name] = measure(before, name, given.rounds)
        medians = {arm: statistics.median(values) for arm, values in found[name].items()}
        ratio = medians["before"] / medians["now"]
        print(f"{name:12}", *(f"{arm} {value:.2f}" for arm, value in medians.items()), f"{ratio:.2f}x", flush=True)
        if given.out:
            given.out.write_text(json.dumps({**about, "sweeps": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
