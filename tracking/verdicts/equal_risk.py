"""Networks compared at equal training risk: the measures of each where its risk first falls to a level.

Interpolated between the recorded steps around it in the logarithm of the risk, since it falls by large factors from
one epoch to the next (memo 90, Section 13; Memo 91). A network that never falls to the level is not compared.
"""

from typing import TYPE_CHECKING

import numpy as np

from tracking.verdicts.trajectories import History, histories
from tracking.verdicts.verify import Quantity

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


def pairs(frame: "Frame", x: Quantity, y: Quantity, level: float | None) -> list[list[float]]:
    """x and y of every trial that can be compared; at its last step where `level` is None."""
    one, two = histories(frame, x.y, x.split), histories(frame, y.y, y.split)
    both = {trial: (one[trial], two[trial]) for trial in one if trial in two}
    if level is None:
        return [[float(h.values[-1]) for h in measures] for measures in both.values()]
    risk = histories(frame, "risk", "train")
    found = [_at_level(risk[trial], measures, level) for trial, measures in both.items()]
    return [pair for pair in found if pair]


def _at_level(risk: History, measures: tuple[History, History], level: float) -> list[float]:
    """Each measure where the risk first falls to the level; empty where it never does."""
    now = risk.first_at_most(level)
    if now is None:
        return []
    earlier = risk.steps[risk.steps < now]
    if not len(earlier) or risk.at(now) <= 0:
        return [m.at(now) for m in measures]
    before = int(earlier[-1])
    part = np.log(risk.at(before) / level) / np.log(risk.at(before) / risk.at(now))
    return [float(m.at(before) + part * (m.at(now) - m.at(before))) for m in measures]
