"""Where the training risk of a trial first falls to a level, and what its other measures are there.

Interpolated between the recorded steps around it in the logarithm of the risk, since it falls by large factors from
one epoch to the next (memo 90, Section 13; Memo 91). T recorded steps.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.int64]
Values = NDArray[np.float64]


class Crossing(NamedTuple):
    """The recorded steps before and at which the level is reached, and the part of the way between them."""

    before: int
    now: int
    part: float


def crossing(steps: Steps, risk: Values, level: float) -> Crossing | None:
    """Where risk [T] at steps [T], ascending, first falls to the level; None where it never does."""
    low = np.flatnonzero(risk <= level)
    if not len(low):
        return None
    now = int(low[0])
    if now == 0 or risk[now] <= 0 or not np.isfinite(risk[now - 1]):
        return Crossing(int(steps[now]), int(steps[now]), 1.0)
    before, after = float(risk[now - 1]), float(risk[now])
    return Crossing(int(steps[now - 1]), int(steps[now]), math.log(before / level) / math.log(before / after))


def at_crossing(steps: Steps, values: Values, there: Crossing) -> float | None:
    """A measure [T] where the level is reached; the last recorded one counts at steps that lack it. None before all."""
    at_now = int(np.searchsorted(steps, there.now, side="right")) - 1
    if at_now < 0:
        return None
    at_before = int(np.searchsorted(steps, there.before, side="right")) - 1
    after = float(values[at_now])
    before = float(values[at_before]) if at_before >= 0 else after
    return before + there.part * (after - before)
