"""Where the laptop profile of every shipped sweep spends its time: CPU-seconds by part, on a shortened run of each.

    python -m benchmarks.laptop [fig1 fig5 ...] [--out laptop.json]

Each sweep is launched with one seed and fewer epochs (SHORTENED; a computed sweep is short as it is), `--local` in a
process of its own with a store of its own. The functions through which a part is entered are timed by the processor
time of the thread that calls them, without the parts that they call; the rest is what of the whole process is in no
part. `arithmetic` is the share of training, evaluation, measures and computing in the whole. Share of peak: operations
of training by the nets' own formulas, over the multiply-adds in registers that this processor reaches, measured just
before. Images come from SWEEP_DATA; sweeps whose images are not there are trained on digits, and their line says so.
"""

import argparse
import contextlib
import functools
import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

import sweeps
from tracking.common.program_sources import shipped_sweeps

Settings = dict[str, Any]  # a part of a sweep file
SHORTENED: dict[str, Settings] = {  # by sweep: sections that are put over its laptop profile, beside one seed
    "demo": {"fixed": {"epochs": 20}},
    "fig1": {"fixed": {"epochs": 8}},
    "fig2": {"fixed": {"epochs": 12}},
    "fig3": {},
    "fig5": {"fixed": {"epochs": 60}},
    "fig5_noise": {"fixed": {"epochs": 60}},
    "optimizers": {"fixed": {"epochs": 60}},
    "polynomial": {"fixed": {"epochs": 8}},
    "sec6": {"vary": {"epochs": [100, 400]}},
    "sec13": {"fixed": {"epochs": 40, "pretrain": {"epochs": 10}}},
    "sec14": {"fixed": {"epochs": 4000}},
    "starts": {"fixed": {"epochs": 1000}},
    "deep_linear": {"fixed": {"epochs": 1000}},
    "double_descent": {"fixed": {"epochs": 12}},
    "edge_of_stability": {"fixed": {"epochs": 90}},
    "grokking": {"fixed": {"epochs": 300}},
    "hidden_units": {"fixed": {"epochs": 10}},
    "linear_relation": {"fixed": {"epochs": 20}},
    "margins": {"fixed": {"epochs": 400}},
    "measures": {"fixed": {"epochs": 10}},
    "rate_and_batch": {"fixed": {"epochs": 3}},
    "rethinking": {"fixed": {"epochs": 10}},
    "sharpness": {"fixed": {"epochs": 20}},
}
COMPUTED = ("fig4", "fig6", "fig7", "linear", "ridge", "sec12", "theorem4")  # as they are, with all of their seeds
LARGEST = 500  # of the training sets where digits take the place of images that are missing
MISSING = "SWEEP_DATA"  # what an error names where images are missing
ENGINES = (("workers.engines.cpu.engine", "Fused"), ("workers.engines.modules", "Modules"),
           ("workers.engines.reference", "Reference"))  # fmt: skip
IMPORTS = "imports"
DOORS = {  # by part: module and function, or class.method, through which it is entered
    IMPORTS: (("importlib.machinery", "SourceFileLoader.exec_module"),
              ("importlib.machinery", "ExtensionFileLoader.create_module"),
              ("importlib.machinery", "ExtensionFileLoader.exec_module")),
    "data": (("workers.experiments.network", "load_images"),),
    "training": tuple((module, f"{engine}.epoch") for module, engine in ENGINES),
    "evaluation": tuple((module, f"{engine}.totals") for module, engine in ENGINES),
    "measures": (("workers.training.loop", "measured"),),
    "records": (("workers.run_bundle", "_commit"), ("workers.run_bundle", "_note"),
                ("orchestrator.launch.launch", "claim_work"), ("orchestrator.launch.run_missing", "read_again"),
                ("orchestrator.launch.launch", "compare")),
    "curves, claims": (("orchestrator.launch.write_results", "build"),),
    "figures": (("orchestrator.launch.write_results", "write"),),
    "MLflow": (("tracking.mirror.background", "Mirror._run"),),
}  # fmt: skip
COMPUTING = "computing"  # what an experiment does outside of the parts above
TRAINS, OF_TRAINING = ("network", "landscape"), ("data", "training", "evaluation", "measures")
ARITHMETIC = (COMPUTING, "training", "evaluation", "measures")
PARTS = (*ARITHMETIC, *(part for part in DOORS if part not in ARITHMETIC), "rest")


class Clock:
    """CPU-seconds of each part, of all threads; a part that another one calls is not counted twice."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._stack = threading.local()

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Counts the block for this part."""
        inner: list[float] = self._stack.__dict__.setdefault("inner", [0.0])
        started = time.thread_time()
        inner.append(0.0)
        try:
            yield
        finally:
            spent = time.thread_time() - started
            self.seconds[name] += spent - inner.pop()
            inner[-1] += spent

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, counted for this part."""

        @functools.wraps(function)
        def counted(*arguments: Any, **named: Any) -> Any:
            with self.part(name):
                return function(*arguments, **named)

        return counted

    def generated(self, name: str, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """The same for a function that yields: its time between two values."""

        @functools.wraps(function)
        def counted(*arguments: Any, **named: Any) -> Iterator[Any]:
            found, end = function(*arguments, **named), object()
            while True:
                with self.part(name):
                    one = next(found, end)
                if one is end:
                    return
                yield one

        return counted


def instrument(clock: Clock, *parts: str) -> None:
    """Puts the clock at the doors of parts. Raises AttributeError where one has another name now."""
    for part in parts:
        for module, path in DOORS[part]:
            *owner, name = path.split(".")
            holder: Any = functools.reduce(getattr, owner, importlib.import_module(module))
            setattr(holder, name, clock.timed(part, getattr(holder, name)))


def shortened(name: str, digits: bool, folder: Path) -> Path:
    """The sweep's file with a shorter laptop profile."""
    whole: Settings = yaml.safe_load(shipped_sweeps()[name].read_text())
    if name in SHORTENED:
        profile = whole.setdefault("profiles", {}).setdefault("laptop", {})
        for section, changes in SHORTENED[name].items():
            profile.setdefault(section, {}).update(changes)
        profile.setdefault("vary", {})["seed"] = {"count": 1}
        if digits:
            data = profile.setdefault("fixed", {}).setdefault("data", {})
            data.update(name="digits", test_size=min(data.get("test_size", LARGEST), LARGEST))
            if "data.train_size" in whole["vary"]:
                profile["vary"]["data.train_size"] = [100, LARGEST]
            else:
                data["train_size"] = min(data.get("train_size", LARGEST), LARGEST)
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(whole))
    return path


def one(name: str, digits: bool) -> dict[str, Any]:
    """Launches a sweep in this process; its parts, the share of peak in training, and the trials."""
    clock = Clock()
    instrument(clock, IMPORTS)
    from orchestrator.spec.expand import expand
    from tracking.records.ledger import Ledger
    from tracking.records.store import Store
    from workers.engines.cpu import library
    from workers.plugins import EXPERIMENTS

    with tempfile.TemporaryDirectory() as folder:
        sweep = sweeps.read(str(shortened(name, digits, Path(folder))), "laptop" if name in SHORTENED else None)
        trials = expand(sweep)
        experiment: Any = EXPERIMENTS.load(sweep.experiment)
        experiment.run = clock.generated(COMPUTING, experiment.run)
        # The doors of training import PyTorch, which most computed sweeps do without.
        skipped = () if sweep.experiment in TRAINS else OF_TRAINING
        instrument(clock, *(part for part in DOORS if part not in (IMPORTS, *skipped)))
        with clock.part("peak"):
            peak = library.peak(library.usable()[0]) if library.usable() else 0.0
        store = str(Path(folder) / "runs")
        sweeps.launch(sweep, store)
        total = time.process_time() - clock.seconds.pop("peak")
        ledger = Ledger.read(Store(store))
    clock.seconds["rest"] = total - sum(clock.seconds.values())
    spent = [m.provenances[-1].spent for m in ledger.manifests.values() if m.provenances]
    visits, flops = sum(s.visits for s in spent if s), operations(trials)
    share = flops / clock.seconds["training"] / peak if peak and flops and visits else None
    return {
        "trials": len(trials), "total": round(total, 2),
        "arithmetic": round(sum(clock.seconds[part] for part in ARITHMETIC) / total, 3),
        "parts": {part: round(clock.seconds[part], 3) for part in PARTS},
        "share of peak in training": round(share, 3) if share else None,
        "engine": sorted({p.engine for m in ledger.manifests.values() for p in m.provenances if p.engine}),
        "data": "digits instead" if digits else "",
    }  # fmt: skip


def operations(trials: Any) -> float:
    """Of the training of all epochs, where the nets have a formula."""
    from workers.experiments import network
    from workers.training.networks import operations as of_nets

    if trials[0].experiment != "network":
        return 0.0
    found = 0.0
    for settings in (t.settings for t in trials):
        there = network.sizes(settings)
        found += of_nets.visit_flops(settings.net, there.image, there.classes) * settings.epochs * there.train
    return found


def launched(name: str) -> dict[str, Any]:
    """One sweep in a process of its own; on digits where its images are missing."""
    from tracking.common.errors import Refused

    for digits in (False, True):
        command = [sys.executable, "-m", "benchmarks.laptop", "--one", name, *(("--digits",) if digits else ())]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            return found
        if digits or MISSING not in done.stderr:
            raise Refused(f"{name} ended with {done.returncode}: {done.stderr[-3000:]}")
    raise AssertionError("unreachable")


def shown(name: str, found: dict[str, Any]) -> str:
    """One line of the table."""
    share, parts = found["share of peak in training"], found["parts"]
    whole = [name, str(found["trials"]), f"{found['total']:.1f}", f"{found['arithmetic']:.0%}"]
    cells = [*whole, *(f"{parts[p]:.2f}" for p in PARTS)]
    about = ", ".join([*found["engine"], *([found["data"]] if found["data"] else [])])
    return "| " + " | ".join([*cells, f"{share:.0%}" if share else "", about]) + " |"


def main() -> None:
    """Parses, measures, prints and keeps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweeps", nargs="*", help="of the shipped ones; all where none is named")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--digits", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.one, given.digits)))
        return
    from benchmarks.results_file import keep

    columns = ["sweep", "trials", "CPU-s", "arithmetic", *PARTS, "share of peak", "engine, data"]
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    found = {}
    for name in given.sweeps or [*SHORTENED, *COMPUTED]:
        found[name] = launched(name)
        print(shown(name, found[name]), flush=True)
    about = {"date": datetime.now(UTC).date().isoformat(), "cores": os.cpu_count()}
    keep({**about, "sweeps": found}, given.out)


if __name__ == "__main__":
    main()
