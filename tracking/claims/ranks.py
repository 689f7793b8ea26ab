"""One measure ranks networks by another: norms against test error, at equal training risk (memo 90, Section 13)."""

from typing import Literal

from pydantic import Field

from tracking.analysis.specs.quantity import Split, Y, named
from tracking.analysis.statistics.correlation import by_fisher, rank_correlation
from tracking.verdicts.claim import Claim, Needs
from tracking.verdicts.equal_risk import measures, pairs
from tracking.verdicts.estimate import Estimate
from tracking.verdicts.finding import Evidence, Finding, lacking
from tracking.verdicts.line import Line


class Settings(Claim):
    """Every trial is one network, whatever settings and seed tell it from the others."""

    name: Literal["ranks"] = "ranks"
    x: str = Field("norm_product", description="The measure that predicts.")
    x_split: Split = Field("", description="The split of x.")
    y: Y = Field("error", description="The measure that is predicted, on the test split.")
    matched: float | None = Field(
        None, gt=0, description="Training risk at which trials are compared; if absent, at the end."
    )
    coefficient: Literal["kendall", "spearman"] = Field("kendall", description="Which rank correlation.")
    above: float = Field(0.5, ge=0, lt=1, description="What the correlation must exceed.")
    falling: bool = Field(False, description="Whether y must fall with x: then minus the correlation must exceed it.")
    networks: int = Field(14, ge=6, description="Networks that are needed.")
    compared: float = Field(0.9, gt=0, le=1, description="The share of all networks that must reach the risk.")
    min_seeds: int | None = Field(1, ge=1, description="Finished trials that every cell needs: networks are counted.")

    def needs(self, settings: frozenset[str]) -> Needs:
        return Needs(measures(self.x, self.x_split, self.y, "test", self.matched), per="all")

    def tested(self) -> str:
        where = "" if self.matched is None else f" at training risk {self.matched:g}"
        falls = "falls" if self.falling else "rises"
        return f"Over networks{where}, {named(self.y, 'test')} {falls} with {self.x}, in rank."

    def criterion(self) -> str:
        sign = "minus " if self.falling else ""
        return f"the 95 % interval of {sign}{self.coefficient}'s rank correlation is above {self.above:g}"

    def found(self) -> str:
        return (
            f"{'minus ' if self.falling else ''}{self.coefficient.capitalize()}'s rank correlation of {self.x} with "
            f"{named(self.y, 'test')} is {{interval}} over {{networks}} networks; "
            "{unmatched} more do not reach the training risk"
        )

    def judge(self, line: Line) -> Finding:
        """Networks that never reach the training risk are not compared (`unmatched`)."""
        found = pairs(line, self.matched)
        if (few := found.too_few(self.networks, self.compared)) is not None:
            return few
        x, y = found.x, found.y
        numbers = found.counts
        sign = -1 if self.falling else 1
        correlation = rank_correlation(x, sign * y, self.coefficient)
        if correlation is None:
            return lacking("all networks are equal in one of the measures", **numbers)
        rank = Estimate(lambda level: by_fisher(*correlation, level))
        evidence: Evidence = {**numbers, "correlation": sign * rank.mean, "interval": rank.interval}
        return Finding(rank.above(self.above), evidence)
