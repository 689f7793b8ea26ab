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
from workers.interfaces.divergence import LARGEST_RISK
from workers.runtime import checkpoint
from workers.trial import S, Trial

if TYPE_CHECKING:
    from jaxtyping import Int64

Array = NDArray[np.float64]
Key = tuple[str, str, str]  # split, measure, layer
Series = Mapping[Key, Array]  # each value has T numbers


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


def outcome(steps: Int64[NDArray[np.int64], " T"], series: Series, reason: str) -> Outcome:
    """How a trial ended: finished for `reason`, or diverged at the first step where a value is not finite, or the
    training risk above the bound of trained networks."""
    sound = np.all([_sound(key, values) for key, values in series.items()], axis=0)
    if sound.all():
        return Outcome("finished", int(steps[-1]), reason)
    first = int(np.argmin(sound))
    broken = {key: values[first] for key, values in series.items() if not _sound(key, values)[first]}
    infinite = sorted({measure for (_, measure, _), value in broken.items() if not np.isfinite(value)})
    why = f"{', '.join(infinite)} not finite" if infinite else f"the training risk exceeds {LARGEST_RISK:g}"
    return Outcome("diverged", int(steps[first]), why)


def _sound(key: Key, values: Array) -> NDArray[np.bool_]:
    """Where values [T] are finite, and those of the training risk within the bound."""
    largest = LARGEST_RISK if key[:2] == ("train", "risk") else np.inf
    sound: NDArray[np.bool_] = np.isfinite(values) & (values <= largest)
    return sound
