"""Runs the trials of sweep files as the code that is on PYTHONPATH does, and prints CPU-seconds: for before_after.

    PYTHONPATH=CHECKOUT python benchmarks/experiment_cost.py PROFILE FILE...

Needs nothing of this checkout, so that it runs with the code of older ones: of those before commit 7f006e7, too, in
which two modules had other names. Trials that may be trained together are. Not counted are imports and the loading of
data, for which the trials are begun once before. Of each file a line: CPU-seconds, and rows that were recorded.
"""

import importlib
import importlib.util
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import torch


def once(load: Callable[[Any], object]) -> Callable[[Any], object]:
    """Loads the data of each settings once."""
    known: dict[str, object] = {}

    def loaded(data: Any) -> object:
        key = repr(data)
        if key not in known:
            known[key] = load(data)
        return known[key]

    return loaded


def main(profile: str, *files: str) -> None:
    """Expands each file, begins its trials once, runs them and prints."""
    found = importlib.util.find_spec("orchestrator.spec")
    rooms = found is not None and found.submodule_search_locations is not None  # a folder, not a file
    read = importlib.import_module("orchestrator.spec.load" if rooms else "orchestrator.spec").read
    expand = importlib.import_module("orchestrator.spec.expand" if rooms else "orchestrator.expand").expand
    torch.set_num_threads(1)
    for name in ("cifar10", "digits"):
        data: Any = importlib.import_module(f"workers.data.{name}")
        data.load = once(data.load)
    for file in files:
        bundles: dict[str, list[object]] = {}
        for trial in expand(read(file, profile)):
            bundles.setdefault(repr(trial.shape), []).append(trial)
            experiment = trial.experiment
        run = importlib.import_module(f"workers.experiments.{experiment}").run
        if experiment == "network":
            for together in bundles.values():
                with closing(run(together, "cpu", None)) as begun:
                    next(begun)
        before = time.process_time()
        rows = sum(len(progress.rows) for together in bundles.values() for progress in run(together, "cpu", None))
        print(time.process_time() - before, rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
