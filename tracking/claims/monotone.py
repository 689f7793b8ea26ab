"""A measure rises, or falls: along a setting, over the steps of a trial, or with a measure such as a count."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from tracking.analysis.grouping import settings as settings_of
from tracking.verdicts.per_cell import each_cell
from tracking.verdicts.trajectories import histories
from tracking.verdicts.verify import Claim, Evidence, Judged, Quantity, each_line

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Means over seeds are compared.

    Where x is a measure that changes within a trial, the last y at each of its values counts: with x the number of
    perturbations, y just before the next one.
    """

    name: Literal["monotone"] = "monotone"
    x: str = Field("step", description="A setting, `step`, or a measure.")
    y: str = Field(description="The measure that must rise or fall.")
    split: Literal["train", "test", ""] = Field("", description="The split of y.")
    order: Literal["rising", "falling"] = Field(description="How y must change as x grows.")
    spearman: float | None = Field(
        None,
        gt=0,
        le=1,
        description="The rank correlation with x that suffices; if absent, every step must go that way.",
    )
    after: float | None = Field(None, description="Only where x is beyond this.")
    points: int = Field(3, ge=2, description="Values of x that are needed.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs `points` values of x on every line."""
    if settings.x in settings_of(frame):
        quantity = {"y": Quantity(settings.y, settings.split)}
        return each_line(frame, settings.x, quantity, lambda p: _check(p["x"], p["y"], settings))
    return each_cell(frame, lambda cell: _over_steps(cell, settings))


def _over_steps(frame: "Frame", settings: Settings) -> Judged:
    """Means over the trials that have a value, at every x that all of them share."""
    found = histories(frame, settings.y, settings.split)
    clocks = found if settings.x == "step" else histories(frame, settings.x)
    last: dict[str, dict[float, float]] = {}
    for trial, h in found.items():
        if trial in clocks:
            clock = clocks[trial]
            steps = [int(s) for s in h.steps if s in clock.steps]
            last[trial] = {(s if settings.x == "step" else clock.at(s)): h.at(s) for s in steps}
    shared = sorted(set.intersection(*map(set, last.values()))) if last else []
    return _check(np.array(shared), np.array([np.mean([by[x] for by in last.values()]) for x in shared]), settings)


def _check(x: Any, y: Any, settings: Settings) -> Judged:
    from scipy.stats import spearmanr

    beyond = np.asarray(x) > (-np.inf if settings.after is None else settings.after)
    x, y = np.asarray(x)[beyond], np.asarray(y)[beyond] * (1 if settings.order == "rising" else -1)
    if len(x) < settings.points:
        return "not enough data", {"points": len(x)}
    steps = np.diff(y)
    rank = float(spearmanr(x, y).statistic) if np.ptp(y) > 0 else 0.0
    sign = 1 if settings.order == "rising" else -1
    evidence: Evidence = {
        "spearman": sign * rank,
        "wrong_steps": int((steps <= 0).sum()),
        "first": float(sign * y[0]),
        "last": float(sign * y[-1]),
        "points": len(x),
    }
    good = rank >= settings.spearman if settings.spearman is not None else bool((steps > 0).all())
    return "holds" if good else "fails", evidence
