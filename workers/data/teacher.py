"""Gaussian vectors with the labels that a random network, the teacher, gives them.

The teacher has `depth` hidden layers of `width` ReLU units and no biases; weights are normal with variance 2 / fan-in,
so that every layer keeps the scale of its inputs. The label is the largest output, each of which is first centred over
the examples: else a deep teacher would give most of them the same one.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from workers.interfaces.dataset import DataSettings, Sizes
from workers.interfaces.images import Images, digest
from workers.runtime import seeds


class Settings(DataSettings):
    """Standard normal vectors, classified by a random network."""

    name: Literal["teacher"] = "teacher"
    available: int = Field(2000, gt=0, description="Training examples to draw; a tenth as many test examples.")
    features: int = Field(32, gt=0, description="Numbers in an example.")
    classes: int = Field(2, gt=1, description="Number of classes: outputs of the teacher.")
    depth: int = Field(1, ge=0, le=16, description="Hidden layers of the teacher; without any it is linear.")
    width: int = Field(16, gt=0, description="Units in each hidden layer of the teacher.")
    teacher_seed: int = Field(0, ge=0, lt=2**63, description="Decides the teacher and the examples, for all trials.")

    def sizes(self) -> Sizes:
        return Sizes(self.available, max(self.available // 10, 1), (1, 1, self.features), self.classes, "float32")


def where() -> str:
    """A sentence: nothing is stored."""
    return "drawn when needed"


def load(settings: Settings) -> Images:
    """The same examples for every trial of the same settings."""
    train, test = settings.sizes()[:2]
    drawn = seeds.generator(settings.teacher_seed, "examples")
    x = drawn.standard_normal((train + test, settings.features), dtype=np.float32)
    hidden, rng = x.astype(np.float64), seeds.generator(settings.teacher_seed, "teacher")
    for _ in range(settings.depth):
        weights = rng.standard_normal((hidden.shape[1], settings.width)) * np.sqrt(2 / hidden.shape[1])
        hidden = np.maximum(hidden @ weights, 0)
    outputs = hidden @ rng.standard_normal((hidden.shape[1], settings.classes))
    y = (outputs - outputs.mean(0)).argmax(1)
    x = x[:, None, None]
    parts = x[:train], y[:train], x[train:], y[train:]
    return Images(*parts, classes=settings.classes, title="teacher and student", digest=digest(*parts))
