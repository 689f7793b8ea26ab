"""What orchestration costs a trial: `sweep launch` against plain Ray Tune, on the same trials, in one run.

    python -m benchmarks.overhead [--seeds 12] [--epochs 20] [--rounds 3] [--out benchmarks/results/overhead.json]

Plain Ray Tune is what its documentation shows: one trial a process, a core each, the default loggers and the MLflow
callback on an SQLite file, a report an epoch. Both train with this program's engine, so that all that differs is what
surrounds it: starting processes, writing results, keeping MLflow up. The training itself, alone in one process, is
measured, too, and taken off: overhead = wall time - training / cores. Arms take turns.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.results_file import keep
from orchestrator.planning.bundling import pack_missing
from orchestrator.planning.plan import Plan
from orchestrator.planning.resources import Resources
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from workers import plugins
from workers.run_bundle import set_threads
from workers.trial import Trial

SWEEP = """
title: Many short trials
experiment: network
fixed:
  data: {{name: digits, train_size: 500}}
  net: {{name: convnet, depth: 3}}
  optimizer: {{name: sgd, batch_size: 50, learning_rate: 0.05}}
  epochs: {epochs}
vary:
  net.width: [2, 4, 8, 16]
  seed: {{count: {seeds}}}
measure: [error, risk]
curves:
  - {{name: error, x: net.width, y: error, split: [train, test]}}
"""


def ours(spec: Path, folder: Path) -> float:
    """Wall seconds of `sweep launch`: a whole process, with figures, report and MLflow."""
    return _wall("-m", "orchestrator.cli", "launch", str(spec), "--store", str(folder / "runs"), "--json")


def plain(spec: Path, folder: Path) -> float:
    """Wall seconds of a script that gives the same trials to Ray Tune."""
    return _wall(__file__, "--tune", str(spec), "--folder", str(folder))


def _wall(*arguments: str) -> float:
    start = time.monotonic()
    environment = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"{arguments} ended with {done.returncode}: {done.stderr[-3000:]}")
    return time.monotonic() - start


def run_tune(spec: Path, folder: Path) -> None:
    """One trial a process, as Ray's documentation shows it. Raises RuntimeError when a trial fails."""
    import ray
    from ray import tune
    from ray.air.integrations.mlflow import MLflowLoggerCallback

    def train(config: dict[str, Any]) -> None:
        set_threads()
        trial = Trial.of("network", config)
        for progress in plugins.EXPERIMENTS.load("network").run([trial], "cpu", None):
            tune.report({f"{row.measure}_{row.split}": row.value for row in progress.rows})

    trials = expand(read(str(spec)))
    ray.init(num_cpus=os.cpu_count(), include_dashboard=False, log_to_driver=False)
    callback = MLflowLoggerCallback(tracking_uri=f"sqlite:///{folder}/mlflow.db", experiment_name="plain")
    run = tune.RunConfig(name="plain", storage_path=str(folder / "tune"), callbacks=[callback], verbose=0)
    alone = tune.with_resources(lambda given: train(given["trial"]), {"cpu": 1})
    space = {"trial": tune.grid_search([t.plain for t in trials])}
    fitted = tune.Tuner(alone, param_space=space, run_config=run).fit()
    if fitted.errors or len(fitted) != len(trials):
        raise RuntimeError(f"{len(fitted.errors)} of {len(trials)} trials failed: {fitted.errors[:1]}")


def training(spec: Path, together: bool) -> float:
    """Seconds of training and measuring alone, in this process: in bundles, or trial by trial."""
    set_threads()
    trials = expand(read(str(spec)))
    plan, cores = Plan(tuple(trials), {}, tuple(trials), (), ()), Resources(os.cpu_count() or 1, None, "cpu")
    parts = [b.trials for b in pack_missing(plan, cores)] if together else [(t,) for t in trials]
    run, start = plugins.EXPERIMENTS.load("network").run, time.monotonic()
    for part in parts:
        for _ in run(part, "cpu", None):
            pass
    return time.monotonic() - start


def spread(values: list[float]) -> dict[str, float]:
    """Median, lowest and highest."""
    return {k: round(f(values), 4) for k, f in (("median", statistics.median), ("lowest", min), ("highest", max))}


def measure(seeds: int, epochs: int, rounds: int) -> dict[str, Any]:
    """Both arms in turns, each on stores of its own, and the training alone before each."""
    walls: dict[str, list[float]] = {"ours": [], "plain": []}
    alone: dict[str, list[float]] = {"ours": [], "plain": []}
    with tempfile.TemporaryDirectory() as root:
        spec = Path(root) / "short.yaml"
        spec.write_text(SWEEP.format(seeds=seeds, epochs=epochs))
        trials = len(expand(read(str(spec))))
        training(spec, True)  # data and code are warm
        for i in range(rounds):
            for name, arm in (("ours", ours), ("plain", plain)) if i % 2 else (("plain", plain), ("ours", ours)):
                folder = Path(root) / f"{name}-{i}"
                folder.mkdir()
                alone[name].append(training(spec, name == "ours"))
                walls[name].append(arm(spec, folder))
                print(f"{name}: {walls[name][-1]:.1f} s, of it {alone[name][-1]:.1f} core-s training", file=sys.stderr)
    cores = os.cpu_count() or 1
    over = {n: [(w - a / cores) / trials for w, a in zip(walls[n], alone[n], strict=True)] for n in walls}
    return {
        "trials": trials, "epochs": epochs, "rounds": rounds, "cores": cores,
        **{n: {"wall_s": spread(walls[n]), "training_core_s": spread(alone[n]), "overhead_s_a_trial": spread(over[n])}
           for n in walls},
        "ratio of walls": round(statistics.median(walls["plain"]) / statistics.median(walls["ours"]), 2),
        "ratio of overheads": round(statistics.median(over["plain"]) / statistics.median(over["ours"]), 2),
    }  # fmt: skip


def main() -> None:
    """Parses, measures, prints and keeps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tune", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.tune:
        return run_tune(given.tune, given.folder)
    found = measure(given.seeds, given.epochs, given.rounds)
    print(keep({"date": datetime.now(UTC).date().isoformat(), **found}, given.out))


if __name__ == "__main__":
    main()
