"""Networks compared at equal training risk: the measures of each where its risk first falls to a level.

Interpolated between the recorded steps around it in the logarithm of the risk, since it falls by large factors from
one epoch to the next (memo 90, Section 13; Memo 91). A network that never falls to the level is not compared: how many
of them there may be is part of a claim, since those that are left are not all networks.

M networks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.verdicts.claim import Measured, Split
from tracking.verdicts.finding import Finding, Value
from tracking.verdicts.line import Line, Run, Series


class Pairs(NamedTuple):
    """x [M] and y [M] of the networks that can be compared, and how many cannot."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    unmatched: int

    def too_few(self, networks: int, share: float) -> Finding | None:
        """Not enough data where there are fewer than `networks`, or less than that share of all."""
        compared = len(self.x)
        if compared >= networks and compared >= share * (compared + self.unmatched):
            return None
        numbers: dict[str, Value] = {"networks": compared, "unmatched": self.unmatched}
        return Finding("not enough data", {"lacking": "networks that can be compared", **numbers})


def measures(x: str, x_split: Split, y: str, split: Split, matched: float | None) -> dict[str, Measured]:
    """What must be recorded: x and y, at the end or, at a matched risk, at every step."""
    at: dict[str, Measured] = {"x": Measured(x, x_split), "y": Measured(y, split)}
    if matched is None:
        return at
    every = {"x": Measured(x, x_split, at="every"), "y": Measured(y, split, at="every")}
    return {**every, "risk": Measured("risk", "train", at="every")}


def pairs(line: Line, matched: float | None) -> Pairs:
    """x and y of every network that can be compared; at its last step where `matched` is None."""
    found = [_at_level(run, matched) for run in line.runs]
    there = [pair for pair in found if pair is not None]
    both = np.array(there, dtype=np.float64).reshape(-1, 2)
    return Pairs(both[:, 0], both[:, 1], len(found) - len(there))


def _at_level(run: Run, level: float | None) -> tuple[float, float] | None:
    """Both measures where the risk first falls to the level; None where it never does."""
    x, y = run.series["x"], run.series["y"]
    if level is None:
        return x.last, y.last
    risk = run.series["risk"]
    now = risk.first_at_most(level)
    if now is None or not len(x.until(now).steps) or not len(y.until(now).steps):
        return None
    before, part = _between(risk, now, level)
    ends = [(s.at(before), s.at(now)) if len(s.until(before).steps) else (s.at(now), s.at(now)) for s in (x, y)]
    (x0, x1), (y0, y1) = ends
    return x0 + part * (x1 - x0), y0 + part * (y1 - y0)


def _between(risk: Series, now: int, level: float) -> tuple[int, float]:
    """The recorded step before, and the part of the way from it at which the risk passes the level."""
    earlier = risk.steps[risk.steps < now]
    if not len(earlier) or risk.at(now) <= 0:
        return now, 1.0
    before = int(earlier[-1])
    return before, float(np.log(risk.at(before) / level) / np.log(risk.at(before) / risk.at(now)))
