"""One measure grows linearly with another: normalised test risk against normalised training risk (Memo 91).

Networks are compared at equal training risk, so that the two are not the same network at different times.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from tracking.verdicts.equal_risk import pairs
from tracking.verdicts.verify import Claim, Evidence, Judged, Quantity

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Every trial is one network, whatever settings and seed tell it from the others."""

    name: Literal["linear_relation"] = "linear_relation"
    x: str = Field("normalized_risk", description="The measure along x.")
    x_split: Literal["train", "test", ""] = Field("train", description="The split of x.")
    y: str = Field("normalized_risk", description="The measure that must grow linearly with it.")
    split: Literal["train", "test", ""] = Field("test", description="The split of y.")
    matched: float | None = Field(
        None, gt=0, description="Training risk at which trials are compared; if absent, at the end."
    )
    above: float = Field(0.95, ge=0, lt=1, description="What the correlation (Pearson) must exceed.")
    networks: int = Field(14, ge=3, description="Trials that are needed.")


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Trials that never reach the training risk are not compared (`unmatched`). The slope is evidence, not judged."""
    one, two = Quantity(settings.x, settings.x_split), Quantity(settings.y, settings.split)
    found = pairs(frame, one, two, settings.matched)
    evidence: Evidence = {"networks": len(found), "unmatched": len(frame.trials) - len(found)}
    if len(found) < settings.networks:
        return "not enough data", evidence
    x, y = np.array(found).T - np.mean(found, axis=0)[:, None]
    if not x.any() or not y.any():
        return "fails", {**evidence, "correlation": 0.0}
    evidence |= {"correlation": float(x @ y / np.sqrt((x @ x) * (y @ y))), "slope": float(x @ y / (x @ x))}
    return "holds" if evidence["correlation"] > settings.above else "fails", evidence  # type: ignore[operator]
