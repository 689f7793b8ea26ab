"""What durability costs: the share of the wall time of short trials that is spent committing.

    python -m benchmarks.durability [--rounds 7] [--out benchmarks/results/durability.json]

One bundle of small networks is trained with a store, as a launch does it (lease, checksums, checkpoint, fsync), and
without any, in turns, in one process. Committing is timed where it happens, which is exact; that the bundle as a whole
takes longer is measured, too, and is as noisy as the machine. Three lengths of a bundle, the number of epochs chosen
for this machine; rows are committed as they are by default.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracking.records.leases import lease
from tracking.records.store import Store
from tracking.records.writer import Writer
from workers import plugins
from workers.bundle import Bundle, together
from workers.run_bundle import set_threads, work
from workers.runtime import checkpoint, provenance
from workers.trial import Trial

MODELS = 8
LENGTHS_S = (0.5, 2.0, 8.0)
NETWORK = {
    "data": {"name": "digits", "train_size": 1000, "test_size": 500},
    "net": {"name": "convnet", "depth": 3, "width": 8},
    "optimizer": {"name": "sgd", "batch_size": 20, "learning_rate": 0.05}, "measure": ["error", "risk"],
}  # fmt: skip


def bundle(epochs: int) -> Bundle:
    """Small networks that differ in their seeds."""
    trials = [Trial.of("network", {**NETWORK, "epochs": epochs, "seed": seed}) for seed in range(MODELS)]
    return together(trials)


def without(given: Bundle) -> float:
    """Seconds of training and measuring alone."""
    experiment = plugins.EXPERIMENTS.load("network")
    start = time.perf_counter()
    for _ in experiment.run(given.trials, "cpu", None):
        pass
    return time.perf_counter() - start


def with_store(given: Bundle, folder: str) -> tuple[float, list[float]]:
    """Seconds of the same with its commits, and those of every commit."""
    with tempfile.TemporaryDirectory(dir=folder) as root:
        files = Store(root).files
        with lease.acquire(files, "durability", frozenset(t.id for t in given.trials), _silent) as mine, clocked() as s:
            start = time.perf_counter()
            for _ in work(Store(root, mine.number), given, "cpu"):
                pass
            return time.perf_counter() - start, s


def _silent(text: str) -> None:
    raise AssertionError(f"nobody else uses this store, and yet: {text}")


@contextmanager
def clocked() -> Iterator[list[float]]:
    """Seconds of every commit while the body runs, that of writing down the checkpoint included."""
    commit, dump, seconds, dumped = Writer.commit, checkpoint.dump, list[float](), list[float]()

    def timed(function: Callable[..., Any], into: list[float]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            start = time.perf_counter()
            result = function(*arguments)
            into.append(time.perf_counter() - start)
            return result

        return call

    Writer.commit, checkpoint.dump = timed(commit, seconds), timed(dump, dumped)  # type: ignore[method-assign]
    try:
        yield seconds
    finally:
        Writer.commit, checkpoint.dump = commit, dump  # type: ignore[method-assign]
        seconds[: len(dumped)] = [a + b for a, b in zip(seconds, dumped, strict=False)]  # the last has no checkpoint


def measure(length_s: float, epoch_s: float, rounds: int, folder: str) -> dict[str, Any]:
    """One length of a bundle: with and without in turns, the other first every second round."""
    given = bundle(max(1, round(length_s / epoch_s)))
    plain, stored, shares, counts = list[float](), list[float](), list[float](), list[int]()
    for i in range(rounds):
        if i % 2:
            plain.append(without(given))
        seconds, commits = with_store(given, folder)
        if not i % 2:
            plain.append(without(given))
        stored.append(seconds)
        shares.append(sum(commits) / seconds)
        counts.append(len(commits))
    return {
        "epochs": given.trials[0].plain["epochs"], "commits": statistics.median(counts),
        "share_committing": spread(shares), "with_s": spread(stored), "without_s": spread(plain),
        "longer_by": spread([a / b - 1 for a, b in zip(stored, plain, strict=True)]),
    }  # fmt: skip


def spread(values: list[float]) -> dict[str, float]:
    """Median, lowest and highest."""
    return {k: round(f(values), 5) for k, f in (("median", statistics.median), ("lowest", min), ("highest", max))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", default=".", help="where the store is made: its disk is what is measured")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/durability.json"))
    given = parser.parse_args()
    set_threads()
    without(bundle(5))
    epoch_s = without(bundle(50)) / 50
    cases = [measure(length, epoch_s, given.rounds, given.folder) for length in LENGTHS_S]
    about = {"date": datetime.now(UTC).date().isoformat(), "cores": os.cpu_count(), **provenance.of("cpu").plain()}
    about.pop("host")
    report = {"command": " ".join(["python", "benchmarks/durability.py"]), "rounds": given.rounds, "models": MODELS}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({**report, "network": NETWORK, **about, "bundles": cases}, indent=1) + "\n")
    for case in cases:
        share, longer = case["share_committing"], case["longer_by"]
        print(f"{case['with_s']['median']:5.2f} s, {case['epochs']} epochs, {case['commits']:.0f} commits: "
              f"{share['median']:.2%} of it committing ({share['lowest']:.2%} to {share['highest']:.2%}); with against "
              f"without {longer['median']:+.1%} ({longer['lowest']:+.1%} to {longer['highest']:+.1%})")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
