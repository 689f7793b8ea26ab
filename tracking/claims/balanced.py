"""Gradient descent keeps the differences of the layers' squared norms, ||W_k||^2 - ||W_j||^2, up to O(learning rate).

Memo 90, equation (53), implies that gradient flow keeps them exactly, in a network without bias and batch norm: then
<W_k, dL/dW_k> is the same for every layer (equation 1). A step of gradient descent with rate eta adds to ||W_k||^2

    -2 eta <W_k, dL/dW_k> + eta^2 ||dL/dW_k||^2,

so that the differences change by at most eta sum_t eta ||dL||^2. As long as eta times the largest eigenvalue of the
Hessian is at most 1, each step lowers the risk by eta ||dL||^2 / 2 or more, and they change by at most

    2 eta (risk at the start - risk now).
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tracking.analysis.values import is_number
from tracking.verdicts.claim import Claim, Measured, Needs, Trial
from tracking.verdicts.criterion import said
from tracking.verdicts.finding import Finding, lacking
from tracking.verdicts.line import Line, Run

ROUNDING = 1e-9  # of the squared norms: float64 sums over thousands of steps


class Settings(Claim):
    """Every pair of layers counts, at every recorded step of every trial, against that bound."""

    name: Literal["balanced"] = "balanced"

    def needs(self, settings: frozenset[str]) -> Needs:
        norms = Measured("frobenius_norm", at="every", every_layer=True)
        return Needs({"norm": norms, "risk": Measured("risk", "train", at="every")}, per="cell", each_trial=True)

    def tested(self) -> str:
        return "Gradient descent keeps the differences of the layers' squared norms, up to O(learning rate)."

    def criterion(self) -> str:
        return "they change by at most 2 x learning rate x fall of the training risk, at every step of every trial"

    def found(self) -> str:
        return (
            "the differences of the squared norms change by up to {largest_drift}, and by up to {share_of_bound} of "
            "the bound; "
            "a squared norm itself grows by up to {growth}"
        )

    def judge(self, line: Line) -> Finding:
        """Needs two layers, and two recorded steps between which the risk falls."""
        drifts = [_drift(run) for run in line.runs]
        falls = [2 * run.number("optimizer.learning_rate") * _fall(run) for run in line.runs]
        if any(drift is None or not (fall > 0).any() for drift, fall in zip(drifts, falls, strict=True)):
            return lacking("a trial has fewer than two layers, or a training risk that does not fall")
        shares, largest, good = [], 0.0, True
        for run, drift, fall in zip(line.runs, drifts, falls, strict=True):
            assert drift is not None
            bound, slack = np.maximum(fall, 0), ROUNDING * _squares(run).max()
            good &= bool((drift <= bound + slack).all())
            shares.append(float(np.max(drift[bound > 0] / bound[bound > 0])))
            largest = max(largest, float(drift.max()))
        growth = max(float((squares[:, -1] - squares[:, 0]).max()) for squares in map(_squares, line.runs))
        return Finding(
            said(good, 1 - max(shares)), {"share_of_bound": max(shares), "largest_drift": largest, "growth": growth}
        )

    def problems(self, trials: Sequence[Trial]) -> Iterable[str]:
        """Stochastic descent, momentum, biases and batch norm break the bound."""
        if not all(is_number(trial.get("optimizer.learning_rate")) for trial in trials):
            yield "balanced needs the setting optimizer.learning_rate"
        for setting, wanted in (
            ("optimizer.name", "gd"),
            ("optimizer.momentum", 0.0),
            ("net.bias", "none"),
            ("net.batch_norm", False),
        ):
            given = next((t[setting] for t in trials if setting in t and t[setting] != wanted), wanted)
            if given != wanted and given == given:
                yield f"balanced needs {setting} {wanted}, got {given}; choose trials with `where`"


def _layers(run: Run) -> list[str]:
    return sorted(name for name in run.series if name.startswith("norm/"))


def _squares(run: Run) -> NDArray[np.float64]:
    """The squared norms of the layers at the steps that all of them have, [layers, T]."""
    layers = [run.series[name] for name in _layers(run)]
    shared = layers[0].steps
    for layer in layers:
        shared = np.intersect1d(shared, layer.steps)
    return np.array([np.square(layer.values[np.isin(layer.steps, shared)]) for layer in layers])


def _drift(run: Run) -> NDArray[np.float64] | None:
    """The largest change since the start, over pairs of layers, of the difference of their squared norms, [T - 1]."""
    if len(_layers(run)) < 2 or len(squares := _squares(run)) < 2 or squares.shape[1] < 2:
        return None
    changes = [(a - b) - (a[0] - b[0]) for a, b in itertools.combinations(squares, 2)]
    return np.asarray(np.max(np.abs(changes), axis=0))[1:]


def _fall(run: Run) -> NDArray[np.float64]:
    """How far the risk has fallen at each of the steps after the first, [T - 1]."""
    risk = run.series["risk"].values
    return np.asarray(risk[0] - risk[1:])
