"""Arrays of measured values as rows: what experiments that are computed rather than trained have in common.

T logged steps.
"""

from collections.abc import Mapping
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from tracking.rows import Outcome, Row

Array = NDArray[np.float64]
Key = tuple[str, str, str]  # split, measure, layer
Series = Mapping[Key, Array]  # each value has shape [T]


def rows(trial: str, steps: NDArray[np.int64], series: Series) -> list[Row]:
    """One row for each step [T] and each value of `series`; values that are not finite are kept as they are."""
    out: list[Row] = []
    at = steps.tolist()
    for (split, measure, layer), values in series.items():
        fields = zip(repeat(trial), at, repeat(split), repeat(measure), repeat(layer), values.tolist(), strict=False)
        out.extend(map(Row._make, fields))
    return out


def outcome(steps: NDArray[np.int64], series: Series, reason: str) -> Outcome:
    """ "finished" for `reason` at the last step, or "diverged" at the first step where a value is not finite."""
    finite = np.all([np.isfinite(values) for values in series.values()], axis=0)
    if finite.all():
        return Outcome("finished", int(steps[-1]), reason)
    first = int(np.argmin(finite))
    broken = sorted({measure for (_, measure, _), values in series.items() if not np.isfinite(values[first])})
    return Outcome("diverged", int(steps[first]), f"{', '.join(broken)} not finite")
