"""One measure grows linearly with another: normalised test risk against normalised training risk (Memo 91).

Networks are compared at equal training risk, so that the two are not the same network at different times. The interval
of the correlation r is Fisher's, atanh(r) +- 1.96 / sqrt(M - 3). A far outlier makes r large by itself: so it must be
above the bound without any one network, too.

M networks.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.analysis.statistics.correlation import by_fisher
from tracking.verdicts.claim import Claim, Needs
from tracking.verdicts.criterion import all_of
from tracking.verdicts.equal_risk import measures, pairs
from tracking.verdicts.estimate import Estimate
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line


class Settings(Claim):
    """Every trial is one network, whatever settings and seed tell it from the others."""

    name: Literal["linear_relation"] = "linear_relation"
    x: str = Field("normalized_risk", description="The measure along x.")
    x_split: Split = Field("train", description="The split of x.")
    y: Y = Field("normalized_risk", description="The measure that must grow linearly with it.")
    split: Split = Field("test", description="The split of y.")
    matched: float | None = Field(
        None, gt=0, description="Training risk at which trials are compared; if absent, at the end."
    )
    above: float = Field(0.95, ge=0, lt=1, description="What the correlation (Pearson) must exceed.")
    networks: int = Field(14, ge=5, description="Networks that are needed.")
    compared: float = Field(0.9, gt=0, le=1, description="The share of all networks that must reach the risk.")
    min_seeds: int | None = Field(1, ge=1, description="Finished trials that every cell needs: networks are counted.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs(measures(self.x, self.x_split, self.y, self.split, self.matched), per="all")

    def tested(self) -> str:
        where = "" if self.matched is None else f" at training risk {self.matched:g}"
        return f"{named(self.y, self.split)} is linear in {self.x_split} {self.x}{where}, over networks."

    def criterion(self) -> str:
        return (
            f"the 95 % intervals (Fisher) of Pearson's r, of all networks and without any one, are above {self.above:g}"
        )

    def found(self) -> str:
        return (
            f"Pearson's r of {self.x_split} {self.x} and {named(self.y, self.split)} is {{interval}} over {{networks}} "
            "networks, and {without_one} without the one that matters most; "
            "the slope is {slope}; "
            "{unmatched} more networks do not reach the training risk"
        )

    def judge(self, line: Line) -> Finding:
        """Networks that never reach the training risk are not compared (`unmatched`). The slope is evidence only."""
        found = pairs(line, self.matched)
        if (few := found.too_few(self.networks, self.compared)) is not None:
            return few
        x, y = found.x, found.y
        numbers = found.counts
        if np.ptp(x) == 0:
            return lacking(f"all networks have the same {self.x}", **numbers)
        r = pearson(x, y)
        rest = [pearson(np.delete(x, i), np.delete(y, i)) for i in range(len(x))]
        whole, *without = (of_networks(one, n) for one, n in ((r, len(x)), *((one, len(x) - 1) for one in rest)))
        evidence: Evidence = {**numbers, "correlation": r, "interval": whole.interval, "without_one": min(rest)}
        evidence["slope"] = float(np.polyfit(x - x.mean(), y - y.mean(), 1)[0])
        return Finding(all_of(one.above(self.above) for one in (whole, *without)), evidence)


def of_networks(r: float, networks: int) -> Estimate:
    """A correlation r of so many networks."""
    return Estimate(lambda level: by_fisher(r, 1 / (networks - 3), networks, level))


def pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """The correlation of x [M] and y [M]; 0 where one of them is constant."""
    a, b = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 and np.ptp(x) > 0 and np.ptp(y) > 0 else 0.0
