"""Converts arrays of measured values to rows: for experiments that are computed rather than trained.

T logged steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.records.rows import Outcome, Progress, Row
from workers.interfaces.networks.divergence import LARGEST_RISK
from workers.runtime import checkpoint
from workers.trial import S, Trial

if TYPE_CHECKING:
    from jaxtyping import Int64

Array = NDArray[np.float64]
Key = tuple[str, str, str]  # split, measure, layer
Series = Mapping[Key, Array]  # each value has T numbers
MINIMISED: Mapping[Key, float] = {("train", "risk", ""): LARGEST_RISK}


class Result(NamedTuple):
    """The rows and the outcome of one trial."""

    rows: list[Row]
    outcome: Outcome


def one_by_one(
    trials: Sequence[Trial[S]], resume: dict[str, Any] | None, compute: Callable[[Trial[S]], Result]
) -> Iterator[Progress]:
    """Computes the trials of a bundle in turn; a resumed bundle continues with the first that is not done."""
    first = checkpoint.done(resume, len(trials))
    for done, trial in enumerate(trials[first:], first + 1):
        found = compute(trial)
        yield Progress(found.outcome.step, found.rows, {trial.id: found.outcome}, partial(dict, done=done))


def at_step_0(trial: Trial, values: Mapping[Key, float], reason: str) -> Result:
    """The result of a trial that is one computation: every value at step 0."""
    steps, one = np.array([0]), {key: np.array([value], dtype=float) for key, value in values.items()}
    return Result(rows(trial.id, steps, one), outcome(steps, one, reason))


def rows(trial: str, steps: Int64[NDArray[np.int64], " T"], series: Series) -> list[Row]:
    """One row for each step and each value of `series`; values that are not finite are kept as they are."""
    out: list[Row] = []
    at = steps.tolist()
    for (split, measure, layer), values in series.items():
        fields = zip(repeat(trial), at, repeat(split), repeat(measure), repeat(layer), values.tolist(), strict=False)
        out.extend(map(Row._make, fields))
    return out


def outcome(
    steps: Int64[NDArray[np.int64], " T"], series: Series, reason: str, bounds: Mapping[Key, float] = MINIMISED
) -> Outcome:
    """How a trial ended: finished for `reason`, or diverged at the first step where a value is not finite, or where the
    risk that descent minimises is above the bound of trained networks. bounds: by the series that hold this risk."""
    sound = np.all([_sound(values, bounds.get(key)) for key, values in series.items()], axis=0)
    if sound.all():
        return Outcome("finished", int(steps[-1]), reason)
    first = int(np.argmin(sound))
    infinite = sorted({measure for (_, measure, _), values in series.items() if not np.isfinite(values[first])})
    why = f"{', '.join(infinite)} not finite" if infinite else f"the training risk exceeds {LARGEST_RISK:g}"
    return Outcome("diverged", int(steps[first]), why)


def _sound(values: Array, bound: float | None) -> NDArray[np.bool_]:
    """Where values [T] are finite, and within the bound if there is one."""
    sound: NDArray[np.bool_] = np.isfinite(values) & (values <= (np.inf if bound is None else bound))
    return sound
