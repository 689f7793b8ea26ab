"""This project's engine: the one that `workers.engines.choose` picks for these trials on this device.

M models.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from workers.bench.case import Work
from workers.engines.choose import choose

MODELS: Literal["some"] = "some"


class Trainer:
    """See `workers.bench.case.Trainer`."""

    def __init__(self, work: Work) -> None:
        self.engine = choose(work.bundle, work.examples(), work.pictures.device)
        self.title = f"this project ({type(self.engine).__name__.lower()})"
        self.optimizers = [s.optimizer for s in work.bundle]
        self.active = np.ones(len(work.bundle), dtype=bool)

    def train(self, order: NDArray[np.int64]) -> None:
        rates = np.array([[o.learning_rate] * o.steps(order.shape[1]) for o in self.optimizers])
        self.engine.epoch(order, self.active, rates, 0)

    def state(self) -> dict[str, dict[str, Tensor]]:
        state = self.engine.state()
        return {part: state[part] for part in ("parameters", "buffers")}


def trainer(work: Work) -> Trainer:
    """See `workers.bench.case.Engine`."""
    return Trainer(work)
