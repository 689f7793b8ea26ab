"""The axes of a sweep: a list of values, a count, or equal steps or equal ratios between two numbers."""

import json
import math
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import Field, JsonValue, model_validator

from orchestrator.spec.messages import given
from tracking.common.named_files.plugins import Frozen

MAX_COUNT = 100_000
DIGITS = 12  # of computed values: enough for any setting, and 0.1 is 0.1, not 0.10000000000000002


class Count(Frozen):
    """Successive integers: {count: 5} is 0, 1, 2, 3, 4."""

    count: int = Field(gt=0, le=MAX_COUNT, description="How many integers.")
    start: int = Field(0, description="The first one.")

    def values(self) -> list[JsonValue]:
        return list(range(self.start, self.start + self.count))


class LinearSpace(Frozen):
    """Numbers with equal steps, both ends included."""

    linear_space: tuple[float, float] = Field(description="The first and the last number.")
    count: int = Field(ge=2, le=MAX_COUNT, description="How many numbers.")
    integer: bool = Field(False, description="Round to integers.")

    @model_validator(mode="after")
    def _rises(self) -> "LinearSpace":
        low, high = self.linear_space
        if not low < high:
            raise ValueError(f"a linear_space needs low < high, got [{low:g}, {high:g}]")
        if not math.isfinite(high - low):
            raise ValueError(f"a linear_space from {low:g} to {high:g} is too wide for floating-point numbers")
        return self

    def values(self) -> list[JsonValue]:
        low, high = self.linear_space
        steps = [low + (high - low) * i / (self.count - 1) for i in range(1, self.count - 1)]
        return _written([low, *steps, high], self.integer)


class LogSpace(Frozen):
    """Numbers with equal ratios, both ends included."""

    log_space: tuple[float, float] = Field(description="The first and the last number, both positive.")
    count: int = Field(ge=2, le=MAX_COUNT, description="How many numbers.")
    integer: bool = Field(False, description="Round to integers.")

    @model_validator(mode="after")
    def _positive_and_rises(self) -> "LogSpace":
        low, high = self.log_space
        if not 0 < low < high:
            raise ValueError(f"a log_space needs 0 < low < high, got [{low:g}, {high:g}]")
        if not math.isfinite(high / low):
            raise ValueError(f"a log_space from {low:g} to {high:g} is too wide for floating-point numbers")
        return self

    def values(self) -> list[JsonValue]:
        low, high = self.log_space
        ratios = [low * math.exp(math.log(high / low) * i / (self.count - 1)) for i in range(1, self.count - 1)]
        return _written([low, *ratios, high], self.integer)


Form = type[Count] | type[LinearSpace] | type[LogSpace]
FORMS: dict[str, Form] = {"linear_space": LinearSpace, "log_space": LogSpace, "count": Count}


def form(raw: dict[str, JsonValue]) -> Form | None:
    """Which kind of axis a mapping is meant to be, by its keys."""
    return next((model for key, model in FORMS.items() if key in raw), None)


def misspelt(raw: JsonValue) -> tuple[str, str] | None:
    """A key of an axis that is nearly `linear_space` or `log_space`, and which of them."""
    if not isinstance(raw, dict) or "linear_space" in raw or "log_space" in raw:
        return None
    near = ((key, get_close_matches(key, ("linear_space", "log_space"), n=1)) for key in raw)
    return next(((key, names[0]) for key, names in near if names), None)


def unrounded(raw: JsonValue) -> str:
    """`linear_space` or `log_space` where an axis is one that is not rounded to integers."""
    names = ("linear_space", "log_space")
    return next((n for n in names if n in raw and not raw.get("integer")), "") if isinstance(raw, dict) else ""


def values(raw: JsonValue) -> list[JsonValue]:
    """The values of an axis as it stands in a file, in order.

    Raises pydantic.ValidationError (of the model that `form` gives) or ValueError.
    """
    if isinstance(raw, dict) and (model := form(raw)):
        return model.model_validate_json(json.dumps(raw), strict=True).values()
    if not isinstance(raw, list):
        what = f"expected a list, or a mapping with count, linear_space or log_space, got {given(raw)}"
        one = "" if isinstance(raw, dict) else "; a setting with one value belongs under 'fixed'"
        raise ValueError(what + one)
    if not raw:
        raise ValueError("the list is empty, so the sweep would have no trials; give it values or leave the axis out")
    return raw


def equal(values: Iterable[JsonValue]) -> tuple[int, int] | None:
    """The places of two values that are the same, if there are any: 1 and 1.0 are, true and 1 are not."""
    seen: dict[str, int] = {}
    for i, value in enumerate(values):
        if (first := seen.setdefault(spelling(value), i)) != i:
            return first, i
    return None


def spelling(value: JsonValue) -> str:
    """A text that is equal for equal values, and for no others: 1 is 1.0, but it is neither true nor "1"."""
    return json.dumps(alike(value), sort_keys=True)


def alike(value: Any) -> Any:
    """The value with equal numbers written alike: 2.0 as 2."""
    if isinstance(value, dict):
        return {key: alike(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [alike(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _written(numbers: list[float], integer: bool) -> list[JsonValue]:
    """The ends as given, what lies between to as many digits as people would write."""
    between = [float(f"{v:.{DIGITS}g}") for v in numbers[1:-1]]
    return [round(v) if integer else v for v in [numbers[0], *between, numbers[-1]]]
