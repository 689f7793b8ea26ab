"""One measure grows linearly with another: normalised test risk against normalised training risk (Memo 91).

Networks are compared at equal training risk, so that the two are not the same network at different times. The interval
of the correlation r is Fisher's, atanh(r) +- 1.96 / sqrt(M - 3). A far outlier makes r large by itself: so r must be
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
from tracking.verdicts.equal_risk import measures, pairs
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
        return f"the 95 % interval (Fisher) of Pearson's r is above {self.above:g}, and so is r without any one network"

    def found(self) -> str:
        return (
            "Pearson's r {interval} over {networks} networks; "
            "without the one that matters most {without_one}; "
            "slope {slope}; "
            "networks not compared: {unmatched}"
        )

    def judge(self, line: Line) -> Finding:
        """Networks that never reach the training risk are not compared (`unmatched`). The slope is evidence only."""
        found = pairs(line, self.matched)
        if (few := found.too_few(self.networks, self.compared)) is not None:
            return few
        x, y = found.x, found.y
        numbers: Evidence = {"networks": len(x), "unmatched": found.unmatched}
        if np.ptp(x) == 0:
            return lacking(f"networks that differ in {self.x}", **numbers)
        r = pearson(x, y)
        rest = [pearson(np.delete(x, i), np.delete(y, i)) for i in range(len(x))]
        whole, without = by_fisher(r, 1 / (len(x) - 3), len(x)), by_fisher(min(rest), 1 / (len(x) - 4), len(x) - 1)
        evidence: Evidence = {**numbers, "correlation": r, "interval": whole.words(), "without_one": min(rest)}
        evidence["slope"] = float(np.polyfit(x - x.mean(), y - y.mean(), 1)[0])
        if whole.low > self.above and min(rest) > self.above:
            return Finding("holds", evidence)
        return Finding("fails" if min(whole.high, without.high) <= self.above else "not enough data", evidence)


def pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """The correlation of x [M] and y [M]; 0 where one of them is constant."""
    a, b = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 and np.ptp(x) > 0 and np.ptp(y) > 0 else 0.0
