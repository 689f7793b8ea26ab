"""The same small sweep by this program and by what people use instead, in one run, the arms in turns.

    python -m benchmarks.peers [--rounds 3] [--jax VENV] [--out peers.json]

12 trials on digits (widths 4 and 16, six seeds, 20 epochs, error and risk of both splits after each). Arms: `sweep
launch --local`, and with Ray, both with records, figures, report and MLflow; Ray Tune with its MLflow callback, one
trial a process; multiprocessing over the plain PyTorch loop, which keeps nothing; JAX, jit(vmap) over the models of a
width, which keeps nothing. JAX is installed into a virtual environment of this benchmark alone (--jax: where it is or
shall be); where it cannot be, its arm is left out and the reason printed. Wall seconds of the whole process of each
arm, and CPU-seconds of it and of all processes that it starts (`benchmarks/processor_time.py`, which needs root).
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.processor_time import Cost, group
from benchmarks.results_file import keep
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from workers.data import digits
from workers.run_bundle import set_threads
from workers.training.settings import Settings

WIDTHS, SEEDS, DEPTH, EPOCHS, TRAIN, BATCH, RATE = (4, 16), 6, 3, 20, 500, 50, 0.05
SWEEP = f"""
title: Twelve small networks
experiment: network
fixed:
  data: {{name: digits, train_size: {TRAIN}}}
  net: {{name: convnet, depth: {DEPTH}}}
  optimizer: {{name: sgd, batch_size: {BATCH}, learning_rate: {RATE}}}
  epochs: {EPOCHS}
vary:
  net.width: {list(WIDTHS)}
  seed: {{count: {SEEDS}}}
measure: [error, risk]
curves:
  - {{name: error, x: net.width, y: error, split: [train, test]}}
"""
JAX = "jax"
ARMS = ("sweep --local", "sweep with Ray", "Ray Tune + MLflow", "multiprocessing", JAX)


def plain_loop(settings: Settings) -> Iterator[dict[str, float]]:
    """What anyone would write: a DataLoader, a module, torch.optim; error and risk of both splits after each epoch."""
    import torch
    from torch.nn import functional as F
    from torch.utils.data import DataLoader, TensorDataset

    from workers.training.networks.module import built

    images = digits.load(settings.data)
    x, test_x = (torch.from_numpy(a / 127.5 - 1).float().permute(0, 3, 1, 2) for a in (images.train_x, images.test_x))
    y, test_y = torch.from_numpy(images.train_y), torch.from_numpy(images.test_y)
    x, y = x[:TRAIN], y[:TRAIN]
    torch.manual_seed(settings.seed)
    model = built(settings.net, images.train_x.shape[1:], images.classes, settings.seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    loader = DataLoader(TensorDataset(x, y), batch_size=BATCH, shuffle=True)
    for epoch in range(EPOCHS + 1):
        for images_of_batch, labels in loader if epoch else ():
            optimizer.zero_grad()
            F.cross_entropy(model(images_of_batch), labels).backward()
            optimizer.step()
        found = {}
        with torch.no_grad():
            for split, inputs, labels in (("train", x, y), ("test", test_x, test_y)):
                outputs = model(inputs)
                found[f"error_{split}"] = float((outputs.argmax(1) != labels).float().mean())
                found[f"risk_{split}"] = float(F.cross_entropy(outputs, labels))
        yield found


def last_of_plain_loop(settings: Settings) -> dict[str, float]:
    """One trial of the pool."""
    set_threads()
    *_, last = plain_loop(settings)
    return last


def run_pool(spec: Path) -> None:
    """Every trial in a pool of one process a core."""
    trials = [t.settings for t in expand(read(str(spec)))]
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        print(json.dumps(pool.map(last_of_plain_loop, trials, chunksize=1)))


def run_tune(spec: Path, folder: Path) -> None:
    """One trial a process, as Ray's documentation shows it. Raises RuntimeError when a trial fails."""
    import ray
    from ray import tune
    from ray.air.integrations.mlflow import MLflowLoggerCallback

    def train(config: dict[str, Any]) -> None:
        set_threads()
        for found in plain_loop(Settings.model_validate(config["settings"])):
            tune.report(found)

    trials = expand(read(str(spec)))
    ray.init(num_cpus=os.cpu_count(), include_dashboard=False, log_to_driver=False)
    callback = MLflowLoggerCallback(tracking_uri=f"sqlite:///{folder}/mlflow.db", experiment_name="plain")
    run = tune.RunConfig(name="plain", storage_path=str(folder / "tune"), callbacks=[callback], verbose=0)
    space = {"settings": tune.grid_search([t.plain for t in trials])}
    fitted = tune.Tuner(tune.with_resources(train, {"cpu": 1}), param_space=space, run_config=run).fit()
    if fitted.errors or len(fitted) != len(trials):
        raise RuntimeError(f"{len(fitted.errors)} of {len(trials)} trials failed: {fitted.errors[:1]}")


def jax_python(folder: Path) -> str:
    """The Python of the environment with JAX, which is made where it is missing. Raises CalledProcessError."""
    python = folder / "bin/python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "jax"], check=True, capture_output=True, text=True)
    return str(python)


def write_for_jax(folder: Path) -> list[str]:
    """The images and the sweep as files; their paths."""
    images = digits.load(digits.Settings())
    data, sweep = folder / "digits.npz", folder / "sweep.json"
    train_x, test_x = ((x / 127.5 - 1).astype(np.float32) for x in (images.train_x[:TRAIN], images.test_x))
    np.savez(data, train_x=train_x, train_y=images.train_y[:TRAIN], test_x=test_x, test_y=images.test_y)
    about = {"widths": WIDTHS, "seeds": list(range(SEEDS)), "depth": DEPTH, "epochs": EPOCHS, "batch": BATCH}
    sweep.write_text(json.dumps({**about, "learning_rate": RATE}))
    return [str(data), str(sweep)]


def commands(root: Path, jax: Path) -> dict[str, list[str]]:
    """The command of each arm; FOLDER stands for a new folder."""
    spec = root / "small.yaml"
    spec.write_text(SWEEP)
    this = ["-m", "benchmarks.peers"]
    launch = ["-m", "orchestrator.cli", "launch", str(spec), "--store", "FOLDER/runs", "--json"]
    found = {
        ARMS[0]: [sys.executable, *launch, "--local"],
        ARMS[1]: [sys.executable, *launch],
        ARMS[2]: [sys.executable, *this, "--arm", "tune", "--spec", str(spec), "--folder", "FOLDER"],
        ARMS[3]: [sys.executable, *this, "--arm", "pool", "--spec", str(spec)],
    }
    try:
        python = jax_python(jax)
    except subprocess.CalledProcessError as error:
        print(f"without JAX, which cannot be installed here: {error.stderr[-300:]}", file=sys.stderr)
        return found
    return {**found, JAX: [python, str(Path(__file__).with_name("peers_jax.py")), *write_for_jax(root)]}


def measure(rounds: int, jax: Path | None) -> dict[str, Any]:
    """All arms in turns, in the opposite order every other round."""
    found: dict[str, list[Cost]] = {}
    environment = {k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"}
    with tempfile.TemporaryDirectory() as folder, group() as counted:
        root = Path(folder)
        arms = list(commands(root, jax or root / "venv").items())
        for i in range(rounds):
            for name, command in arms if i % 2 == 0 else arms[::-1]:
                own = root / f"{name.split()[-1]}-{i}"
                own.mkdir()
                cost = counted.cost([part.replace("FOLDER", str(own)) for part in command], env=environment)
                found.setdefault(name, []).append(cost)
                print(f"{name}: {cost.wall_s:.1f} s, {cost.cpu_s:.1f} CPU-s", file=sys.stderr)
    return {
        name: {"wall_s": spread([c.wall_s for c in costs]), "cpu_s": spread([c.cpu_s for c in costs])}
        for name, costs in found.items()
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, lowest and highest."""
    return {k: round(f(values), 2) for k, f in (("median", statistics.median), ("lowest", min), ("highest", max))}


def main() -> None:
    """Parses, measures, prints and keeps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jax", type=Path, help="folder of the virtual environment with JAX; made if absent")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--arm", choices=["tune", "pool"], help=argparse.SUPPRESS)
    parser.add_argument("--spec", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.arm:
        return run_tune(given.spec, given.folder) if given.arm == "tune" else run_pool(given.spec)
    about = {"date": datetime.now(UTC).date().isoformat(), "rounds": given.rounds, "cores": os.cpu_count()}
    print(keep({**about, "arms": measure(given.rounds, given.jax)}, given.out))


if __name__ == "__main__":
    main()
