"""Whether the launching process grows with the trials that end: its memory while a real sweep of many trials runs.

    python -m benchmarks.driver [--trials 20000] [--out results/driver.json]

Small networks under Ray on this machine, with the MLflow mirror on, as anybody launches them. The launcher's resident
memory (VmRSS, Linux) is read every second, and held against the trials that the records say had ended by then.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results_file import keep
from tracking.records.ledger import Ledger
from tracking.records.store import Store

SWEEP = """
title: Networks that are hardly trained
experiment: network
fixed:
  data: {{name: digits, train_size: 40}}
  net: {{name: linear}}
  optimizer: {{name: sgd, batch_size: 20}}
  epochs: 1
vary:
  optimizer.learning_rate: [0.01, 0.02, 0.04, 0.08]
  seed: {{count: {seeds}}}
measure: [error, risk]
curves:
  - {{name: rates, x: optimizer.learning_rate, y: error, split: [train, test]}}
"""
SHOWN = 8  # lines of the table


def watched(folder: Path, trials: int) -> tuple[list[tuple[float, float]], float]:
    """Launches; (milliseconds since 1970, MiB) every second until it ends, and how many seconds it took."""
    (folder / "many.yaml").write_text(SWEEP.format(seeds=trials // 4))
    command = [sys.executable, "-m", "orchestrator.cli", "launch", "many.yaml", "--json"]
    start, found = time.monotonic(), list[tuple[float, float]]()
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        while process.poll() is None:
            found.append((time.time() * 1000, resident(process.pid)))
            time.sleep(1.0)
    if process.returncode:
        raise RuntimeError(f"the launch ended with {process.returncode}: {(folder / 'said').read_text()[-2000:]}")
    return [(at, mib) for at, mib in found if mib], time.monotonic() - start


def resident(pid: int) -> float:
    """MiB of memory that a process holds; 0 once it has ended."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def ends(store: Store) -> Any:
    """When each trial ended, in milliseconds since 1970, sorted."""
    found: list[float] = []
    ledger = Ledger.read(store)
    if ledger.damaged:
        raise ledger.damaged[0]
    for manifest in ledger.manifests.values():
        found += [manifest.clock[-1][1] for trial in manifest.trials if trial.ended]
    return np.sort(found)


def measure(folder: Path, trials: int) -> dict[str, Any]:
    """The launcher's memory against the trials that had ended, while bundles ran; and a straight line through it."""
    samples, seconds = watched(folder, trials)
    at = ends(Store(str(folder / "runs")))
    ended = np.searchsorted(at, [ms for ms, _ in samples])
    mib = np.array([mib for _, mib in samples])
    running = (ended > 0.1 * trials) & (ended < trials)  # without its imports before, and its curves after
    slope, _ = np.polyfit(ended[running], mib[running] * 2**20, 1)
    shares = np.linspace(0.1, 0.99, SHOWN)
    table = {f"{share:.0%}": float(mib[np.searchsorted(ended, share * trials)]) for share in shares}
    return {
        "trials": len(at), "s": seconds, "MiB when this share had ended": table,
        "bytes a trial that ended": float(slope), "peak MiB, curves and report included": float(mib.max()),
    }  # fmt: skip


def main() -> None:
    """Parses, measures, prints and keeps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--folder", default=None)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = measure(Path(folder), given.trials)
    print(keep(found, given.out))


if __name__ == "__main__":
    main()
