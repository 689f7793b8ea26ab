"""One measure ranks networks by another: norms against test error, at equal training risk (memo 90, Section 13)."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tracking.verdicts.equal_risk import pairs
from tracking.verdicts.verify import Claim, Evidence, Judged, Quantity

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Every trial is one network, whatever settings and seed tell it from the others."""

    name: Literal["ranks"] = "ranks"
    x: str = Field("norm_product", description="The measure that predicts.")
    x_split: Literal["train", "test", ""] = Field("", description="The split of x.")
    y: str = Field("error", description="The measure that is predicted, on the test split.")
    matched: float | None = Field(
        None, gt=0, description="Training risk at which trials are compared; if absent, at the end."
    )
    coefficient: Literal["kendall", "spearman"] = Field("kendall", description="Which rank correlation.")
    above: float = Field(0.5, ge=0, lt=1, description="What the correlation must exceed.")
    falling: bool = Field(False, description="Whether y must fall with x: then minus the correlation must exceed it.")
    p_below: float = Field(0.01, gt=0, le=1, description="What its p-value (two-sided) must be below.")
    networks: int = Field(14, ge=3, description="Trials that are needed.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Trials that never reach the training risk are not compared (`unmatched`)."""
    from scipy import stats

    found = pairs(frame, Quantity(settings.x, settings.x_split), Quantity(settings.y, "test"), settings.matched)
    evidence: Evidence = {"networks": len(found), "unmatched": len(frame.trials) - len(found)}
    if len(found) < settings.networks:
        return "not enough data", evidence
    x, y = np.array(found).T
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return "fails", {**evidence, "correlation": 0.0}
    rank = stats.kendalltau(x, y) if settings.coefficient == "kendall" else stats.spearmanr(x, y)
    evidence |= {"correlation": float(rank.statistic), "p": float(rank.pvalue)}
    strength = -rank.statistic if settings.falling else rank.statistic
    return "holds" if strength > settings.above and rank.pvalue < settings.p_below else "fails", evidence
