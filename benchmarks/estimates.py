"""Whether `sweep plan` can be believed: shipped sweeps estimated with nothing known, launched, estimated again.

    python -m benchmarks.estimates [--out results/estimates.json] [SWEEP ...]

Every sweep starts with an empty cache of speeds and runs in this process, bundle after bundle. Compared are processor
seconds of the bundles, which do not depend on what else the machine does: estimated before, measured, and estimated for
the same bundles afterwards. A sweep is written as name@profile, or name@profile,key=value.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.results_file import keep

SWEEPS = (
    "demo",
    "fig2@laptop,epochs=10",
    "fig1@laptop,epochs=10",
    "fig5@laptop,epochs=100",
    "sec6@debug",
    "sec14@laptop,epochs=4000",
    "fig3@debug",
    "polynomial@laptop,epochs=10",
    "optimizers@laptop",
    "linear",
    "fig4",
    "fig6",
)


def command(name: str, verb: str, store: str, again: bool, cache: str) -> dict[str, Any]:
    """The JSON that a command of `sweep` prints for `name`."""
    spec, _, changes = name.partition("@")
    profile, *settings = changes.split(",")
    options = [*(("--profile", profile) if profile else ()), *(part for one in settings for part in ("--set", one))]
    place = os.path.join(store, "again") if again else store
    given = [sys.executable, "-m", "orchestrator.cli", verb, spec, *options, "--local", "--json", "--store", place]
    done = subprocess.run(given, env={**os.environ, "XDG_CACHE_HOME": cache}, capture_output=True, text=True)
    if not done.stdout:  # a claim that fails, as it may in a run that was cut short, is no error
        raise RuntimeError(f"{' '.join(given)} ended with {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(cache: str) -> float:
    """Processor seconds of the bundles that the one launch with this cache has run."""
    kept = json.loads(Path(cache, "sweep", "estimates.json").read_text())
    return sum(float(one) for device in kept.values() for one in device["taken"])


def compared(name: str) -> dict[str, Any]:
    """One sweep: seconds estimated with nothing known, measured, and estimated when it had run once."""
    with tempfile.TemporaryDirectory() as folder:
        store, cache = os.path.join(folder, "runs"), os.path.join(folder, "cache")
        before = command(name, "plan", store, False, cache)["estimate"]
        launched = command(name, "launch", store, False, cache)
        after = command(name, "plan", store, True, cache)["estimate"]
        return {
            "sweep": name, "before": before["lane_s"], "low": before["low_s"], "high": before["high_s"],
            "measured": measured(cache), "after": after["lane_s"], "wall_s": launched["wall_s"],
            "trials": launched["trials"]["run"],
        }  # fmt: skip


def main() -> None:
    """Parses, compares, prints and keeps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweeps", nargs="*", default=SWEEPS)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = []
    for name in given.sweeps:
        found.append(compared(name))
        one = found[-1]
        took = one["measured"]
        ratios = f"{one['before'] / took:.2f} | {one['after'] / took:.2f}"
        print(f"| `{name}` | {one['before']:.1f} | {took:.1f} | {one['after']:.1f} | {ratios} |", flush=True)
    keep({"sweeps": found}, given.out)


if __name__ == "__main__":
    main()
