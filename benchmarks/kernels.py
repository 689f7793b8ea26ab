"""The compiled kernels against a plain PyTorch loop of the same network, in one run, on one core.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/kernels.py [width ...]

The loop is the fastest plain one: data resident as floats, channels_last, eager, one model after the other. Rounds of
the two take turns, so that both meet the same neighbours. One line of JSON a network: model-images per second (median
over rounds, and the spread from the lowest to the highest), their ratio, and the share of the core's measured peak.
"""

import json
import platform
import statistics
import sys
import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from workers.kernels import library
from workers.kernels.fused import Fused
from workers.kernels.shape import Net
from workers.nets import convnet

BATCH, ROUNDS, SECONDS = 100, 7, 0.5


class Plain:
    """Device-resident PyTorch: what somebody who cares about speed would write by hand."""

    def __init__(self, net: Net, images: NDArray[Any], labels: NDArray[Any]) -> None:
        layers: list[nn.Module] = []
        for inputs, outputs in zip((net.image[2], *net.widths), net.widths, strict=False):
            layers += [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=not net.batch_norm)]
            layers += [nn.BatchNorm2d(outputs, affine=False), nn.ReLU()] if net.batch_norm else [nn.ReLU()]
        features = net.shapes()["output.weight"][1]
        model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, net.classes))
        self.model = model.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9)
        pixels = (torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
        self.images, self.labels = pixels.to(memory_format=torch.channels_last), torch.from_numpy(labels)

    def epoch(self, order: NDArray[np.int64]) -> None:
        for chosen in torch.from_numpy(order).split(BATCH):
            self.optimizer.zero_grad()
            F.cross_entropy(self.model(self.images[chosen]), self.labels[chosen]).backward()
            self.optimizer.step()

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def evaluate(self, count: int) -> None:
        self.model.eval()
        for chosen in torch.arange(count).split(500):
            outputs = self.model(self.images[chosen]).double()
            float(F.cross_entropy(outputs, self.labels[chosen], reduction="sum"))
        self.model.train()


class Ours:
    """The same with the compiled kernels."""

    def __init__(self, net: Net, images: NDArray[Any], labels: NDArray[Any]) -> None:
        settings = convnet.Settings(depth=len(net.widths), width=net.widths, batch_norm=net.batch_norm)
        drawn = convnet.init(settings, net.image, net.classes, torch.Generator().manual_seed(0))
        norms = {name: torch.ones(1, *shape) for name, shape in convnet.buffers(settings).items()}
        self.fused = Fused(net, {"parameters": {name: t[None] for name, t in drawn.items()}, "buffers": norms})
        self.images, self.labels, self.index = images, labels[None], np.arange(len(images))[None]

    def epoch(self, order: NDArray[np.int64]) -> None:
        self.fused.epoch(self.images, self.index, self.labels, order[None], BATCH, [0.01], [0.9], [True])

    def evaluate(self, count: int) -> None:
        self.fused.totals(self.images[:count], None, self.labels[:, :count])


def rates(engine: Plain | Ours, order: NDArray[np.int64]) -> tuple[float, float]:
    """Images trained and evaluated per second of processor time: waiting for a busy core does not count."""
    started = time.process_time()
    engine.epoch(order)
    between = time.process_time()
    engine.evaluate(len(order))
    return len(order) / (between - started), len(order) / (time.process_time() - between)


def measure(net: Net, flops: float, peak: float) -> dict[str, object]:
    rng = np.random.default_rng(0)
    count = int(np.clip(SECONDS * peak / 3 / flops, BATCH, 4000)) // BATCH * BATCH
    images, labels = rng.integers(0, 256, (count, *net.image), dtype=np.uint8), rng.integers(0, net.classes, count)
    both: dict[str, Plain | Ours] = {"kernels": Ours(net, images, labels), "torch": Plain(net, images, labels)}
    taken: dict[str, list[tuple[float, float]]] = {who: [] for who in both}
    for _ in range(ROUNDS + 1):
        for who, engine in both.items():
            taken[who].append(rates(engine, rng.permutation(count)))
    out: dict[str, object] = {}
    for what, column in (("train", 0), ("evaluate", 1)):
        rounds = {who: sorted(pair[column] for pair in pairs[1:]) for who, pairs in taken.items()}  # the first warms up
        middle = {who: statistics.median(values) for who, values in rounds.items()}
        out |= {f"{what} {who}": [round(middle[who]), round(v[0]), round(v[-1])] for who, v in rounds.items()}
        out[f"{what} ratio"] = round(middle["kernels"] / middle["torch"], 2)
        if what == "train":
            out["share of peak"] = round(middle["kernels"] * flops / peak, 2)
    return out


def main(widths: list[int]) -> None:
    torch.set_num_threads(1)
    variant = library.usable()[0]
    peak = library.peak(variant)
    about = {
        "variant": variant,
        "peak": round(peak / 1e9, 1),
        "torch": torch.__version__,
        "machine": platform.machine(),
    }
    for image, depth in (((32, 32, 3), 4), ((32, 32, 3), 5), ((8, 8, 1), 4)):
        for width in widths:
            for batch_norm in (False, True):
                net = Net(image, (width,) * depth, 10, "cross_entropy", batch_norm)
                settings = convnet.Settings(depth=depth, width=width, batch_norm=batch_norm)
                result = measure(net, convnet.visit_flops(settings, image, 10), peak)
                shape = {"image": image, "depth": depth, "width": width, "batch_norm": batch_norm}
                print(json.dumps({**shape, **result, **about}), flush=True)


if __name__ == "__main__":
    main([int(given) for given in sys.argv[1:]] or [2, 8, 16, 64, 256])
