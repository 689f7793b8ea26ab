"""One measure ranks networks by another: norm product against test error, at equal training risk (memo 90, Section 13).

Trials are compared where their training risk first falls to `matched`, interpolated between the recorded steps around
it in the logarithm of the risk, since it falls by large factors from one epoch to the next.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tracking.histories import History, histories
from tracking.verdict import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.frame import Frame


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

    pairs = _pairs(frame, settings)
    evidence: Evidence = {"networks": len(pairs), "unmatched": len(frame.trials) - len(pairs)}
    if len(pairs) < settings.networks:
        return "not enough data", evidence
    x, y = np.array(pairs).T
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return "fails", {**evidence, "correlation": 0.0}
    found = stats.kendalltau(x, y) if settings.coefficient == "kendall" else stats.spearmanr(x, y)
    evidence |= {"correlation": float(found.statistic), "p": float(found.pvalue)}
    strength = -found.statistic if settings.falling else found.statistic
    return "holds" if strength > settings.above and found.pvalue < settings.p_below else "fails", evidence


def _pairs(frame: "Frame", settings: Settings) -> list[list[float]]:
    """x and y of every trial that can be compared."""
    x, y = histories(frame, settings.x, settings.x_split), histories(frame, settings.y, "test")
    both = {trial: (x[trial], y[trial]) for trial in x if trial in y}
    if settings.matched is None:
        return [[float(h.values[-1]) for h in two] for two in both.values()]
    risk = histories(frame, "risk", "train")
    found = [_matched(risk[trial], two, settings.matched) for trial, two in both.items()]
    return [pair for pair in found if pair]


def _matched(risk: History, measures: tuple[History, History], level: float) -> list[float]:
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
