"""What starting costs: CPU-seconds and wall seconds of commands, of this checkout and of another, in turns.

    git worktree add ../before COMMIT
    python -m benchmarks.startup --before ../before [--rounds 3] [--out benchmarks/results/startup.json]

CPU-seconds are those of the command and of all processes that it starts, Ray's too (`benchmarks/processor_time.py`,
which needs root). They tell more than wall time on a machine that does other work. Both checkouts use the packages of
this Python. Each launches the same six trials on a store of its own; a launch after that has nothing to do.
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

from benchmarks.processor_time import Group, group

HERE = Path(__file__).parents[1]
SWEEP = """
title: Error against learning rate
source: benchmark
experiment: network
fixed:
  data: {name: digits, train_size: 100, test_size: 100}
  net: {name: convnet, depth: 2, width: 2}
  optimizer: {name: sgd, batch_size: 50}
  epochs: 1
vary: {optimizer.learning_rate: [0.05, 0.1], seed: {count: 3}}
measure: [error, risk]
curves: [{name: a, x: optimizer.learning_rate, y: error, split: [train, test], band: ci95}]
claims: [{name: no_overfitting, x: optimizer.learning_rate, y: error, split: test, tolerance: 0.01}]
"""
COMMANDS = {
    "launch of 6 trials, --local": "launch small.yaml --local --store local",
    "launch of 6 trials, with Ray": "launch small.yaml --store ray",
    "launch with nothing to do": "launch small.yaml --store ray",
    "verify": "verify small.yaml --store ray",
    "plan": "plan small.yaml --store ray",
    "status": "status small.yaml --store ray",
    "--help": "--help",
}


def measure(group: Group, checkouts: dict[str, Path], rounds: int) -> dict[str, dict[str, dict[str, list[float]]]]:
    """By command and checkout: the CPU-seconds and wall seconds of each round."""
    found: dict[str, dict[str, dict[str, list[float]]]] = {
        name: {arm: {"cpu_s": [], "wall_s": []} for arm in checkouts} for name in COMMANDS
    }
    for round_ in range(rounds):
        with tempfile.TemporaryDirectory() as root:
            for name, command in COMMANDS.items():
                for arm in list(checkouts)[:: -1 if round_ % 2 else 1]:
                    folder = Path(root) / arm
                    folder.mkdir(exist_ok=True)
                    (folder / "small.yaml").write_text(SWEEP)
                    environment = {**os.environ, "PYTHONPATH": str(checkouts[arm])}
                    program = [sys.executable, "-m", "orchestrator.cli", *command.split()]
                    cpu, wall = group.cost(program, folder, environment)
                    found[name][arm]["cpu_s"].append(round(cpu, 2))
                    found[name][arm]["wall_s"].append(round(wall, 2))
                    print(f"{name}, {arm}: {cpu:.2f} CPU-s, {wall:.2f} s", file=sys.stderr)
    return found


def commit(checkout: Path) -> str:
    """The commit that is checked out."""
    asked = ["git", "-C", str(checkout), "rev-parse", "--short=10", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Parses, measures, prints a table and keeps the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, help="another checkout")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    checkouts = {"before": given.before.resolve(), "now": HERE} if given.before else {"now": HERE}
    with group() as counted:
        found = measure(counted, checkouts, given.rounds)
    for name, arms in found.items():
        print(f"{name:30}", *(f"{arm} {statistics.median(arms[arm]['cpu_s']):.2f}" for arm in checkouts))
    about = {"date": datetime.now(UTC).date().isoformat(), "cores": os.cpu_count(), "rounds": given.rounds}
    commits = {arm: commit(path) for arm, path in checkouts.items()}
    if given.out:
        given.out.write_text(json.dumps({**about, "commits": commits, "commands": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
