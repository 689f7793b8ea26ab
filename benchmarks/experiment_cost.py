"""Runs the trials of a sweep file as the code that is on PYTHONPATH does, and prints the CPU-seconds: for before_after.

    PYTHONPATH=CHECKOUT python benchmarks/experiment_cost.py FILE PROFILE

Needs nothing of this checkout, so that it runs with the code of older ones: of those before commit 7f006e7, too, in
which two modules had other names. Trials that may be trained together are. Not counted are imports and the loading of
data, for which the first trials are begun once before.
"""

import importlib
import importlib.util
import sys
import time
from contextlib import closing

import torch


def main(file: str, profile: str) -> None:
    """Expands, begins once, runs and prints."""
    found = importlib.util.find_spec("orchestrator.spec")
    rooms = found is not None and found.submodule_search_locations is not None  # a folder, not a file
    read = importlib.import_module("orchestrator.spec.load" if rooms else "orchestrator.spec").read
    expand = importlib.import_module("orchestrator.spec.expand" if rooms else "orchestrator.expand").expand
    torch.set_num_threads(1)
    bundles: dict[str, list[object]] = {}
    for trial in expand(read(file, profile)):
        bundles.setdefault(repr(trial.shape), []).append(trial)
        run = importlib.import_module(f"workers.experiments.{trial.experiment}").run
    for together in bundles.values():
        with closing(run(together, "cpu", None)) as begun:
            next(begun)
    before = time.process_time()
    rows = sum(len(progress.rows) for together in bundles.values() for progress in run(together, "cpu", None))
    print(time.process_time() - before, rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
