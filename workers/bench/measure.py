"""One process of a benchmark: it prepares engines and measures their speed for a given time.

M models, B examples of a batch.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.common.named_files.plugins import Kind
from workers.bench import cost
from workers.bench.case import Case, Engine, Pictures, Trainer, Work
from workers.runtime import provenance, seeds
from workers.runtime.device import best

ENGINES: Kind[Engine] = Kind("engine", "workers.bench.engines", Engine, extensible=False)


class Lane:
    """Prepares trainers and keeps them warm, so that measurements of several engines can alternate."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        import torch

        torch.set_num_threads(1)  # a second thread speeds up these networks little and slows other processes
        torch.backends.cudnn.allow_tf32 = False
        self.device, self.clock = best(), clock
        self.pictures: Pictures | None = None
        self.ready: dict[Case, tuple[Trainer, float]] = {}

    def about(self) -> dict[str, Any]:
        """Hardware, versions and commit; bytes of memory of the device; its arithmetic peak and how that was found."""
        peak, how = cost.peak(self.device)
        return {**provenance.of(self.device).plain(), "memory": _memory(self.device), "peak": peak, "peak_how": how}

    def prepare(self, case: Case, limit_s: float) -> tuple[float, str]:
        """Builds a trainer and warms it up; seconds of a step, and its title. Kept unless they exceed `limit_s`."""
        self.pictures = self.pictures or Pictures.of(case, self.device)
        trainer = ENGINES.load(case.engine).trainer(Work(case.settings(), self.pictures))
        self._seconds(trainer, _order(case, 1))  # compiles, caches plans and starts loaders; not timed
        step_s = self._seconds(trainer, _order(case, 1))
        if step_s <= limit_s:
            self._seconds(trainer, _order(case, 1))
            self.ready[case] = trainer, step_s
        return step_s, trainer.title

    def run(self, case: Case, seconds: float) -> float:
        """Model-images per second of wall time over `seconds`, or over one step where that takes longer."""
        trainer, step_s = self.ready[case]
        steps = int(np.clip(seconds / 2 / step_s, 1, case.images // case.batch))
        order, visits, passed = _order(case, steps), 0, 0.0
        cost.settle(self.device)
        started = self.clock()
        while passed < seconds:
            trainer.train(order)
            cost.settle(self.device)
            visits, passed = visits + order.size, self.clock() - started
        return visits / passed

    def forget(self) -> None:
        """Drops all prepared trainers."""
        self.ready.clear()

    def _seconds(self, trainer: Trainer, order: NDArray[np.int64]) -> float:
        cost.settle(self.device)
        started = self.clock()
        trainer.train(order)
        cost.settle(self.device)
        return self.clock() - started


def _order(case: Case, steps: int) -> NDArray[np.int64]:
    """An order of the images for every model: (M, steps * B)."""
    shuffled = [seeds.generator(m, "order").permutation(case.images) for m in range(case.models)]
    return np.stack(shuffled)[:, : steps * case.batch]


def _memory(device: str) -> int:
    import os

    import torch

    if device == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
