"""Gradient descent keeps the differences of the layers' squared norms, ||W_k||^2 - ||W_j||^2, up to O(learning rate).

Memo 90, equation (53), implies that gradient flow keeps them exactly, in a network without bias and batch norm: then
<W_k, dL/dW_k> is the same for every layer (equation 1). A step of gradient descent with rate eta adds to ||W_k||^2

    -2 eta <W_k, dL/dW_k> + eta^2 ||dL/dW_k||^2,

so that the differences change by at most eta sum_t eta ||dL||^2. As long as eta times the largest eigenvalue of the
Hessian is at most 1, each step lowers the risk by eta ||dL||^2 / 2 or more, and they change by at most

    2 eta (risk at the start - risk now).
"""

import itertools
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from tracking.common.errors import Refused
from tracking.verdicts.per_cell import each_cell
from tracking.verdicts.trajectories import History, histories
from tracking.verdicts.verify import Claim, Evidence, Judged

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame


class Settings(Claim):
    """Every pair of layers counts, at every recorded step of every trial, against that bound."""

    name: Literal["balanced"] = "balanced"


def judge(frame: "Frame", settings: Settings) -> Judged:
    """Needs frobenius_norm, the training risk, and two recorded steps; trials of plain gradient descent."""
    if "optimizer.learning_rate" not in frame.trials or (frame.trials["optimizer.name"] != "gd").any():
        raise Refused("balanced needs trials with the optimizer 'gd'; choose them with `where`")
    return each_cell(frame, _check)


def _check(frame: "Frame") -> Judged:
    names = sorted({layer for _, _, layer in frame.known("frobenius_norm")})
    layers, risk = [histories(frame, "frobenius_norm", "", name) for name in names], histories(frame, "risk", "train")
    trials = [t for t in risk if len(risk[t].steps) > 1 and all(t in one for one in layers)]
    if len(trials) < len(frame.trials) or len(layers) < 2:
        return "not enough data", {"layers": len(layers), "trials_with_steps": len(trials)}
    drifts = [_drift([one[t] for one in layers]) for t in trials]
    rates = frame.trials["optimizer.learning_rate"].astype(float)
    bounds = [2 * rates[t] * (risk[t].values[0] - risk[t].values) for t in trials]
    shares = [float(np.max(d[1:] / np.maximum(b[1:], 0))) for d, b in zip(drifts, bounds, strict=True)]
    evidence: Evidence = {"share_of_bound": max(shares), "largest_drift": max(float(d.max()) for d in drifts)}
    evidence["growth"] = max(
        float(np.max(np.square(h[t].values[-1]) - np.square(h[t].values[0]))) for h in layers for t in trials
    )
    return "holds" if max(shares) <= 1 else "fails", evidence


def _drift(layers: list[History]) -> NDArray[np.float64]:
    """The largest change since step 0, over pairs of layers, of the difference of their squared norms, [T]."""
    squares = [np.square(layer.values) for layer in layers]
    changes = [(a - b) - (a[0] - b[0]) for a, b in itertools.combinations(squares, 2)]
    return np.asarray(np.max(np.abs(changes), axis=0))
