"""CPU-seconds of one training visit of an image, of each shipped net: this program against plain PyTorch's loop.

    python -m benchmarks.nets [rounds [net ...]] > benchmarks/results/nets.json

The plain loop: the images as one tensor of floats, indexed by batch, the net's own module, cross_entropy of
torch.nn.functional, torch.optim.SGD with momentum; with channels first and with channels last, of which the faster
counts. This program: the engine that it chooses, one model and a bundle of four. One thread, process time; the ways
alternate in every round. One line of JSON; a table on standard error.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from workers.data import synthetic
from workers.engines.choose import choose
from workers.interfaces.images import scaled
from workers.runtime import provenance
from workers.training.examples.selection import Examples
from workers.training.networks.module import built
from workers.training.rates import Rates
from workers.training.settings import Settings

IMAGES, BATCH, SECONDS = 5000, 100, 0.1  # of data; of a step; of one measurement, at least
NETS: dict[str, dict[str, Any]] = {
    "linear": {"name": "linear"},
    "deep_linear 3 x 64": {"name": "deep_linear"},
    "mlp 512": {"name": "mlp"},
    "convnet 4 x 16": {"name": "convnet", "depth": 4},
    "convnet 4 x 16, batch norm": {"name": "convnet", "depth": 4, "batch_norm": True},
    "convnet 4 x 64, batch norm": {"name": "convnet", "depth": 4, "width": 64, "batch_norm": True},
    "convnet 4 x 128": {"name": "convnet", "depth": 4, "width": 128},
    "convnet 4 x 256": {"name": "convnet", "depth": 4, "width": 256},
    "convnet 4 x 16, float64": {"name": "convnet", "depth": 4},
    "polynomial 4 x 16, batch norm": {"name": "polynomial", "depth": 4, "batch_norm": True},
    "pooled 8": {"name": "pooled"},
    "resnet 8": {"name": "resnet"},
}
Train = Callable[[int], None]  # on so many batches


def settings(title: str, seed: int) -> Settings:
    """Of one trial; images are random bytes."""
    return Settings.model_validate(
        {
            "data": {"name": "synthetic", "available": IMAGES, "train_size": IMAGES},
            "net": NETS[title],
            "optimizer": {"name": "sgd", "learning_rate": 1e-4, "momentum": 0.9, "batch_size": BATCH},
            "epochs": 1,
            "precision": "float64" if "float64" in title else "float32",
            "seed": seed,
        }
    )


def plain(title: str, channels_last: bool) -> Train:
    """The loop that anyone would write."""
    s = settings(title, 0)
    images = synthetic.load(s.data)
    dtype = torch.float64 if s.precision == "float64" else torch.float32
    layout = torch.channels_last if channels_last else torch.contiguous_format
    x = scaled(torch.from_numpy(images.train_x), dtype, images.scaling).permute(0, 3, 1, 2)
    x, y = x.contiguous(memory_format=layout), torch.from_numpy(images.train_y)
    model = built(s.net, images.train_x.shape[1:], images.classes, 0).to(dtype=dtype, memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)

    def train(batches: int) -> None:
        for chosen in torch.randperm(IMAGES)[: batches * BATCH].split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(model(x[chosen]), y[chosen]).backward()
            optimizer.step()

    return train


def ours(title: str, models: int) -> tuple[Train, str]:
    """The engine that is chosen, and its name."""
    bundle = [settings(title, seed) for seed in range(models)]
    engine = choose(bundle, Examples.of(synthetic.load(bundle[0].data), bundle), "cpu")
    active = np.ones(models, dtype=bool)

    def train(batches: int) -> None:
        order = np.stack([np.random.default_rng(m).permutation(IMAGES) for m in range(models)])[:, : batches * BATCH]
        rates = Rates(bundle, order.shape[1])
        engine.epoch(order, active, rates.of(1), rates.before(1))

    return train, type(engine).__name__.lower()


def measured(ways: dict[str, tuple[Train, int]], rounds: int) -> dict[str, list[float]]:
    """Microseconds of process time for each visit, of every way and round. ways: with the number of models."""
    batches: dict[str, int] = {}
    for name, (train, _) in ways.items():
        train(2)
        step_s = _seconds(train, 2) / 2
        batches[name] = min(max(round(SECONDS / step_s), 1), IMAGES // BATCH)
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (train, models) in ways.items():
            repeats = max(round(SECONDS / max(_seconds(train, batches[name]), 1e-6)), 1)
            seconds = min(_seconds(train, batches[name]) for _ in range(repeats))
            found[name].append(1e6 * seconds / (batches[name] * BATCH * models))
    return found


def _seconds(train: Train, batches: int) -> float:
    started = time.process_time()
    train(batches)
    return time.process_time() - started


def of_net(title: str, rounds: int) -> dict[str, Any]:
    """The measurements of one net, as medians, and the ratio to the faster plain loop of the same round."""
    (one, engine), (four, _) = ours(title, 1), ours(title, 4)
    loops = {"plain": (plain(title, False), 1), "plain, channels last": (plain(title, True), 1)}
    found = measured({**loops, "ours, 1 model": (one, 1), "ours, 4 models": (four, 4)}, rounds)
    fastest = [min(pair) for pair in zip(found["plain"], found["plain, channels last"], strict=True)]
    ratios = {
        name: [a / b for a, b in zip(found[name], fastest, strict=True)] for name in found if name.startswith("ours")
    }
    return {
        "engine": engine,
        "us": {name: round(statistics.median(values), 2) for name, values in found.items()},
        "ratio": {
            name: {"median": round(statistics.median(v), 3), "low": round(min(v), 3), "high": round(max(v), 3)}
            for name, v in ratios.items()
        },
    }


def main(rounds: int, titles: list[str]) -> None:
    torch.set_num_threads(1)
    nets = {title: of_net(title, rounds) for title in titles}
    about = provenance.of("cpu").plain()
    for title, r in nets.items():
        one, four = (r["ratio"][f"ours, {n}"] for n in ("1 model", "4 models"))
        cells = [f"{q['median']:.2f} ({q['low']:.2f} to {q['high']:.2f})" for q in (one, four)]
        us = [f"{r['us'][name]:.1f}" for name in r["us"]]
        print("|", " | ".join([title, r["engine"], *us, *cells]), "|", file=sys.stderr)
    print(json.dumps({"nets": nets, "rounds": rounds, **about}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7, sys.argv[2:] or list(NETS))
