"""Networks compared at equal training risk: the measures of each where its risk first falls to a level.

`tracking.analysis.equal_risk` finds the level. A network that never falls to it is not compared: how many of them
there may be is part of a claim, since those that are left are not all networks.

M networks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracking.analysis.equal_risk import at_crossing, crossing
from tracking.analysis.specs.quantity import Quantity, Split
from tracking.verdicts.claim import Measured
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line, Run


class Pairs(NamedTuple):
    """x [M] and y [M] of the networks that can be compared, and how many cannot."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    unmatched: int

    @property
    def counts(self) -> Evidence:
        """How many networks are compared and, if there are any, how many are not."""
        return {"networks": len(self.x), **({"unmatched": self.unmatched} if self.unmatched else {})}

    def too_few(self, networks: int, share: float) -> Finding | None:
        """Not enough data where there are fewer than `networks`, or less than that share of all."""
        compared = len(self.x)
        if compared >= networks and compared >= share * (compared + self.unmatched):
            return None
        reason = f"too few networks can be compared: {networks} are needed, and {share:.0%} of all"
        return lacking(reason, **self.counts)


def measures(x: str, x_split: Split, y: Quantity, split: Split, matched: float | None) -> dict[str, Measured]:
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
    there = crossing(*run.series["risk"], level)
    if there is None:
        return None
    found = [at_crossing(*series, there) for series in (x, y)]
    return (found[0], found[1]) if found[0] is not None and found[1] is not None else None
