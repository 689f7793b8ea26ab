"""One measure ranks networks by another: norm product against test error, at equal training risk (memo 90, Section 13).

Trials are compared where their training risk first falls to `matched`, interpolated between the recorded steps around
it in the logarithm of the risk, since it falls by large factors from one epoch to the next.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from tracking.cells import table
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

    tables = table(frame, settings.x, settings.x_split), table(frame, settings.y, "test")
    if settings.matched is None:
        pairs = [[float(t.loc[trial].dropna().iloc[-1]) for t in tables] for trial in tables[0].index]
    else:
        risk = table(frame, "risk", "train")
        pairs = [
            p
            for trial in risk.index
            if (p := _matched(risk.loc[trial], [t.loc[trial] for t in tables], settings.matched))
        ]
    evidence: Evidence = {"networks": len(pairs), "unmatched": len(tables[0]) - len(pairs)}
    if len(pairs) < settings.networks:
        return "not enough data", evidence
    x, y = np.array(pairs).T
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return "fails", {**evidence, "correlation": 0.0}
    found = stats.kendalltau(x, y) if settings.coefficient == "kendall" else stats.spearmanr(x, y)
    evidence |= {"correlation": float(found.statistic), "p": float(found.pvalue)}
    strength = -found.statistic if settings.falling else found.statistic
    return "holds" if strength > settings.above and found.pvalue < settings.p_below else "fails", evidence


def _matched(risk: Any, measures: list[Any], level: float) -> list[float]:
    """Each measure where the risk first falls to the level; empty where it never does."""
    steps = [s for s in risk.dropna().index if all(s in m.dropna().index for m in measures)]
    below = [i for i, s in enumerate(steps) if risk[s] <= level]
    if not below:
        return []
    now, before = steps[below[0]], steps[max(below[0] - 1, 0)]
    fall = np.log(risk[before] / risk[now]) if risk[now] > 0 else np.inf
    part = np.log(risk[before] / level) / fall if now != before else 1.0
    return [float(m[before] + part * (m[now] - m[before])) for m in measures]
