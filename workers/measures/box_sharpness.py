"""Sharpness in a box: how much the training risk rises at most in a small box around the weights (Keskar et al. 2017).

Metric 2.1 of arXiv 1609.04836 with A the identity: of weights w with risk L, in percent,

    100 (max over z of L(w + z) - L(w)) / (1 + L(w)),    |z_i| <= epsilon (|w_i| + 1)

The maximum is searched as there, by ten iterations of L-BFGS-B from the weights, with epsilon 5e-4. Over the first 5000
training examples.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from workers.theory.one_model import OneModel

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot

SPLITS = ("train",)
EXAMPLES = 5000  # training examples at most, the first ones of each model
EPSILON = 5e-4  # the smaller one of the paper's two
ITERATIONS = 10


def visits(train: int) -> float:
    """Some twenty gradients: an iteration takes one or two."""
    return 20.0 * min(train, EXAMPLES)


def measure(snapshot: Snapshot) -> Iterator[tuple[str, str, Float64[Tensor, " M"]]]:
    """Yields split, layer and values of M models; NaN where the risk is not finite."""
    import torch

    found = [_of_model(OneModel(snapshot, i, EXAMPLES)) for i in range(snapshot.models)]
    yield "train", "", torch.tensor(found, dtype=torch.float64)


def _of_model(one: OneModel) -> float:
    from scipy.optimize import minimize

    start = np.zeros(len(one.weights))
    here, gradient = one.risk_and_gradient(start)
    if not (math.isfinite(here) and np.isfinite(gradient).all()):
        return math.nan
    half = EPSILON * (one.weights.abs().double().cpu().numpy() + 1)
    scale = 1 / max(float(np.abs(gradient).max()), 1e-30)  # at a minimum gradients are small, and so are first steps

    def falling(z: np.typing.NDArray[np.float64]) -> tuple[float, np.typing.NDArray[np.float64]]:
        risk, slope = one.risk_and_gradient(z)
        return -risk * scale, -slope * scale

    options = {"maxiter": ITERATIONS, "ftol": 0.0, "gtol": 0.0}
    found = minimize(falling, start, jac=True, method="L-BFGS-B", bounds=np.stack([-half, half], 1), options=options)
    return 100 * (-float(found.fun) / scale - here) / (1 + here)
