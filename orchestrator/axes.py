"""The axes of a sweep: a list of values, a count, or equal steps or equal ratios between two numbers."""

import math
from typing import Any

from pydantic import Field, field_validator, model_validator

from tracking.named import Frozen


class Count(Frozen):
    """Successive integers: {count: 5} is 0, 1, 2, 3, 4."""

    count: int = Field(gt=0, description="How many integers.")
    start: int = Field(0, description="The first one.")

    def values(self) -> list[Any]:
        return list(range(self.start, self.start + self.count))


class LinearSpace(Frozen):
    """Numbers with equal steps, both ends included."""

    linear_space: tuple[float, float] = Field(description="The first and the last number.")
    count: int = Field(ge=2, description="How many numbers.")
    integer: bool = Field(False, description="Round to integers.")

    @field_validator("linear_space")
    @classmethod
    def _rises(cls, ends: tuple[float, float]) -> tuple[float, float]:
        if not ends[0] < ends[1]:
            raise ValueError(f"`low < high` must hold, got [{ends[0]:g}, {ends[1]:g}]")
        return ends

    def values(self) -> list[Any]:
        low, high = self.linear_space
        steps = [low + (high - low) * i / (self.count - 1) for i in range(self.count - 1)]
        return [round(v) if self.integer else v for v in [*steps, high]]


class LogSpace(Frozen):
    """Numbers with equal ratios, both ends included."""

    log_space: tuple[float, float] = Field(description="The first and the last number, both positive.")
    count: int = Field(ge=2, description="How many numbers.")
    integer: bool = Field(False, description="Round to integers.")

    @model_validator(mode="after")
    def _positive_and_rises(self) -> "LogSpace":
        low, high = self.log_space
        if not 0 < low < high:
            raise ValueError(f"`0 < low < high` must hold for a log_space, got [{low:g}, {high:g}]")
        return self

    def values(self) -> list[Any]:
        low, high = self.log_space
        ratios = [low * math.exp(math.log(high / low) * i / (self.count - 1)) for i in range(1, self.count - 1)]
        return [round(v) if self.integer else v for v in [low, *ratios, high]]


Axis = list[Any] | Count | LinearSpace | LogSpace
FORMS = {"linear_space": LinearSpace, "log_space": LogSpace, "count": Count}


def form(raw: dict[str, Any]) -> type[Count] | type[LinearSpace] | type[LogSpace] | None:
    """Which kind of axis a mapping is meant to be, by its keys."""
    return next((model for key, model in FORMS.items() if key in raw), None)


def values(axis: Axis) -> list[Any]:
    """The values of an axis, in order."""
    return axis if isinstance(axis, list) else axis.values()


def equal(values: list[Any]) -> tuple[int, int] | None:
    """The places of two values that are the same, if there are any: 0.1 and 1e-1 are, True and 1 are not."""
    seen: dict[str, int] = {}
    for i, value in enumerate(values):
        plain = float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if (first := seen.setdefault(repr(plain), i)) != i:
            return first, i
    return None
