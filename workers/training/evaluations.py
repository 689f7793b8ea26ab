"""At which epochs the models are evaluated: every so many, at given ones, or at ones with growing distances."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from tracking.common.named_files.plugins import Frozen

Epoch = Annotated[int, Field(gt=0)]


class LogSpaced(Frozen):
    """Epochs whose ratios are equal, rounded to whole ones, so that early and late ones are seen alike."""

    log_space: tuple[float, float] = Field(description="First and last epoch.")
    count: int = Field(ge=2, description="How many epochs, both ends included; those that round to one count once.")

    @model_validator(mode="after")
    def _ascending(self) -> LogSpaced:
        low, high = self.log_space
        if not 1 <= low < high:
            raise ValueError(f"log_space needs 1 <= first epoch < last epoch, got [{low:g}, {high:g}]")
        return self

    def epochs(self) -> set[int]:
        return set(np.rint(np.geomspace(*self.log_space, self.count)).astype(int).tolist())


EvaluateEvery = Epoch | Annotated[tuple[Epoch, ...], Field(min_length=1)] | LogSpaced


def evaluated(every: int | tuple[int, ...] | LogSpaced, epochs: int) -> frozenset[int]:
    """The epochs from 1 on at which a training of so many epochs is evaluated: the last one always."""
    if isinstance(every, int):
        return frozenset({*range(every, epochs + 1, every), epochs})
    chosen = every.epochs() if isinstance(every, LogSpaced) else every
    return frozenset({*(epoch for epoch in chosen if epoch < epochs), epochs})
