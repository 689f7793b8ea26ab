"""Measures the speed of a training step for each way of computing convolutions, once for each shape of bundle.

The result is a small file in the user's cache folder, written atomically. The forward and the backward pass of a step
are timed on random images; no parameters are updated.

M models, B examples of a batch, H W image height and width, K channels, C classes.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tracking.common.text import count_of
from tracking.common.whole_files import replacing
from workers.engines.gpu import forward_backward, memory_model
from workers.engines.gpu.cuda_graphs import Replay
from workers.engines.gpu.layers import Route
from workers.engines.gpu.stacked_parameters import by_name, rows
from workers.nets import convnet
from workers.runtime import cache
from workers.runtime.device import dtype_of

if TYPE_CHECKING:
    from workers.training.settings import Settings

CLASSES = 10  # of the measured network: the output layer is a small part of the whole
CODE = 2  # counted up where the ways become faster or slower, so that they are measured again
ROUNDS, LEAST_S = 3, 0.05  # the best of so many rounds, each of at least so many seconds


def speeds(
    settings: "Settings", image: tuple[int, int, int], models: int, examples: int, device: str, routes: dict[str, Route]
) -> dict[str, float]:
    """Model-images per second of forward and backward for each way, from the cache or measured now.

    examples: of each model, for training. The number of models is rounded down to a power of 2, so that measuring takes
    no more memory than training. A way that runs out of memory is left out, and measured again by the next bundle:
    another process may have held the memory. Raises torch.OutOfMemoryError where every way runs out of memory.
    """
    models = 1 << (models.bit_length() - 1)
    batch = memory_model.step(settings, image, models, settings.optimizer.batch(examples))
    shape = _shape(settings, image, models, batch, device)
    path = cache.folder() / "probes" / f"{hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:16]}.json"
    path.parent.mkdir(exist_ok=True)
    with cache.lock("probe"):  # concurrent measurements on one GPU would disturb each other
        known = _read(path, shape)
        found = {
            name: known.get(name) or _speed(settings, image, (models, batch), device, routes[name]) for name in routes
        }
        fitting = {name: speed for name, speed in found.items() if speed is not None}
        if fitting != known:
            with replacing(path) as (temporary,):
                temporary.write_text(json.dumps({"shape": shape, "images_per_s": known | fitting}, indent=1))
    if not fitting:
        what = f"{count_of(models, 'model')} on {count_of(batch, 'example')} each"
        raise torch.OutOfMemoryError(
            f"a training step of {what} fits into the memory of {device} by none of {', '.join(routes)}"
        )
    return fitting


def _read(path: Path, shape: dict[str, Any]) -> dict[str, float]:
    """The recorded speeds; none where nothing readable is recorded for this shape."""
    try:
        found = json.loads(path.read_text())
        return {k: float(v) for k, v in found["images_per_s"].items()} if found["shape"] == shape else {}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _shape(settings: "Settings", image: tuple[int, int, int], models: int, batch: int, device: str) -> dict[str, Any]:
    """All that the speed of a way depends on, versions included."""
    on = "cpu" if device == "cpu" else torch.cuda.get_device_name(device)
    net = convnet.settings_of(settings.net)
    shape = {"widths": list(net.widths), "batch_norm": net.batch_norm, "image": list(image)}
    how = {"batch": batch, "models": models, "precision": settings.precision}
    return {"device": on, "torch": torch.__version__, "code": CODE, **shape, **how}


def _speed(
    settings: "Settings", image: tuple[int, int, int], size: tuple[int, int], device: str, route: Route
) -> float | None:
    """Model-images per second; None where the memory does not suffice. size: models, and examples of each."""
    try:
        return math.prod(size) / _seconds(_step(settings, image, size, device, route), device)
    except torch.OutOfMemoryError:
        return None
    finally:
        if device != "cpu":
            torch.cuda.empty_cache()


def _step(
    settings: "Settings", image: tuple[int, int, int], size: tuple[int, int], device: str, route: Route
) -> Callable[[], None]:
    """Forward and backward pass of so many models and examples of each."""
    rng = torch.Generator(device).manual_seed(0)
    dtype = dtype_of(settings.precision)
    x = torch.rand(*size, *image, device=device, dtype=dtype, generator=rng)
    slope = torch.rand(*size, CLASSES, device=device, dtype=dtype, generator=rng)
    net = convnet.settings_of(settings.net)
    p, b = _weights(net, image, size[0], device, dtype)

    def step() -> None:
        _, tape, _ = forward_backward.forward_training(net, route, p, b, x)
        forward_backward.backward(net, route, p, tape, slope)

    return step


def _weights(
    net: convnet.Settings, image: tuple[int, int, int], models: int, device: str, dtype: torch.dtype
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Parameters and running statistics, stored as in training."""
    shapes, statistics = convnet.shapes(net, image, CLASSES), convnet.buffers(net)
    p = {name: torch.full((models, *shape), 0.01, device=device, dtype=dtype) for name, shape in shapes.items()}
    b = {name: torch.ones(models, *shape, device=device, dtype=dtype) for name, shape in statistics.items()}
    return by_name(rows(p), shapes), b


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
