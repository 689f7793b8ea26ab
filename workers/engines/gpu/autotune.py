"""Measures the speed of a training step for each way of computing convolutions, once for each shape of bundle.

The result is a small file in the user's cache folder, written atomically. The forward and the backward pass of a step
are timed on random images; no parameters are updated.

M models, B examples of a batch, H W image height and width, K channels, C classes.
"""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from workers.engines.gpu import forward_backward, memory_model
from workers.engines.gpu.cuda_graphs import Replay
from workers.engines.gpu.forward_backward import Route
from workers.nets import convnet
from workers.runtime import cache
from workers.runtime.device import dtype_of

if TYPE_CHECKING:
    from workers.training.settings import Settings

CLASSES = 10  # of the measured network: the output layer is a small part of the whole
ROUNDS, LEAST_S = 3, 0.05  # the best of so many rounds, each of at least so many seconds


def speeds(
    settings: "Settings", image: tuple[int, int, int], models: int, device: str, routes: dict[str, Route]
) -> dict[str, float]:
    """Model-images per second of forward and backward for each way, from the cache or measured now.

    The number of models is rounded up to a power of 2. A way that runs out of memory has speed 0.
    """
    models = 1 << (models - 1).bit_length()
    shape = _shape(settings, image, models, device, list(routes))
    path = cache.folder() / "probes" / f"{hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:16]}.json"
    path.parent.mkdir(exist_ok=True)
    with cache.lock("probe"):  # concurrent measurements on one GPU would disturb each other
        known = _read(path, shape)
        if known is None:
            known = {name: _speed(settings, image, models, device, route) for name, route in routes.items()}
            with cache.replacing(path) as temporary:
                temporary.write_text(json.dumps({"shape": shape, "images_per_s": known}, indent=1))
    return known


def _read(path: Path, shape: dict[str, Any]) -> dict[str, float] | None:
    """The recorded speeds; None where there are none for this shape, which are then measured."""
    try:
        found = json.loads(path.read_text())
        return {k: float(v) for k, v in found["images_per_s"].items()} if found["shape"] == shape else None
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _shape(
    settings: "Settings", image: tuple[int, int, int], models: int, device: str, names: list[str]
) -> dict[str, Any]:
    """All that the speed depends on, versions included."""
    on = "cpu" if device == "cpu" else torch.cuda.get_device_name(device)
    net = convnet.settings_of(settings.net)
    shape = {"widths": list(net.widths), "batch_norm": net.batch_norm, "image": list(image)}
    how = {"batch": _batch(settings, image, models), "models": models, "precision": settings.precision}
    return {"device": on, "torch": torch.__version__, "ways": names, **shape, **how}


def _batch(settings: "Settings", image: tuple[int, int, int], models: int) -> int:
    """Examples of a measured step; of a full batch, one chunk."""
    chunk = memory_model.chunk(settings, image, models, True)
    return min(settings.optimizer.batch(chunk), chunk)


def _speed(settings: "Settings", image: tuple[int, int, int], models: int, device: str, route: Route) -> float:
    batch = _batch(settings, image, models)
    rng = torch.Generator(device).manual_seed(0)
    dtype = dtype_of(settings.precision)
    x = torch.rand(models, batch, *image, device=device, dtype=dtype, generator=rng)
    slope = torch.rand(models, batch, CLASSES, device=device, dtype=dtype, generator=rng)
    net = convnet.settings_of(settings.net)
    p, b = _weights(net, image, models, device, dtype)

    def step() -> None:
        _, tape, _ = forward_backward.forward_training(net, route, p, b, x)
        forward_backward.backward(net, route, p, tape, slope)

    try:
        return models * batch / _seconds(step, device)
    except torch.OutOfMemoryError:
        return 0.0


def _weights(
    net: convnet.Settings, image: tuple[int, int, int], models: int, device: str, dtype: torch.dtype
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    shapes, statistics = convnet.shapes(net, image, CLASSES), convnet.buffers(net)
    p = {name: torch.full((models, *shape), 0.01, device=device, dtype=dtype) for name, shape in shapes.items()}
    b = {name: torch.ones(models, *shape, device=device, dtype=dtype) for name, shape in statistics.items()}
    return p, b


def _seconds(step: Callable[[], None], device: str) -> float:
    """Seconds of one step, replayed as in training: the best of some rounds, after those that compile and record."""
    replay = Replay(device)
    for _ in range(2):
        replay.run("step", step)
    count = max(round(LEAST_S / max(_timed(replay, step, 1), 1e-6)), 1)
    return min(_timed(replay, step, count) / count for _ in range(ROUNDS))


def _timed(replay: Replay, step: Callable[[], None], count: int) -> float:
    replay.wait()
    start = time.perf_counter()
    for _ in range(count):
        replay.run("step", step)
    replay.wait()
    return time.perf_counter() - start
