"""Gradient descent on a square loss in closed form: ten million steps cost as much as one.

The loss (1/B) sum_n (phi_n . w - y_n)^2 has gradient (2/B) Phi^T (Phi w - y). With the singular value decomposition
Phi = U S V^T each coordinate of V^T (w - w*) is multiplied by a_i = 1 - eta (2/B) s_i^2 at each step, hence
w_{t+T} = w* + V diag(a^T) V^T (w_t - w*), where w* is the minimum-norm solution. Directions with s_i = 0 have a_i = 1:
descent never moves them (CBMM Memo 90, Section 4), and in these coordinates they stay the same to the last bit.

B examples, P weights, R = rank <= min(B, P), T logged iterations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from jaxtyping import Float64

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Descent:
    """Descent with a constant step on one set of examples.

    basis: orthogonal; its first R columns span the rows of Phi, the others its null space.
    solution: the minimum-norm minimiser w*.
    shrink: the eigenvalues of eta times the Hessian, eta (2/B) s_i^2, and 0 in the null space: a_i = 1 - shrink_i.
    rank: R.
    """

    basis: Float64[Array, "P P"]
    solution: Float64[Array, " P"]
    shrink: Float64[Array, " P"]
    rank: int

    def coordinates(self, weights: Float64[Array, "*any P"]) -> Float64[Array, "*any P"]:
        """Weights as coordinates in the eigenbasis, relative to the solution."""
        return (weights - self.solution) @ self.basis

    def weights(self, coordinates: Float64[Array, "*any P"]) -> Float64[Array, "*any P"]:
        """The inverse of `coordinates`."""
        return self.solution + coordinates @ self.basis.T

    def factors(self, steps: Float64[Array, " T"]) -> Float64[Array, "T P"]:
        """The factor a^steps of each coordinate after `steps` iterations."""
        return signed_power(self.shrink, steps[:, None])


def descent(phi: Float64[Array, "B P"], y: Float64[Array, " B"], learning_rate: float) -> Descent:
    """The closed form for examples phi, targets y and step eta = learning_rate."""
    u, s, vt = np.linalg.svd(phi, full_matrices=True)
    rank = int(np.sum(s > s[0] * max(phi.shape) * np.finfo(float).eps))
    solution = vt[:rank].T @ ((u.T @ y)[:rank] / s[:rank])
    shrink = np.zeros(phi.shape[1])
    shrink[:rank] = learning_rate * 2 / len(y) * s[:rank] ** 2
    return Descent(vt.T, solution, shrink, rank)


def signed_power(shrink: Array, steps: Array) -> Array:
    """(1 - shrink)^steps as sign(a)^steps exp(steps log|a|), for whole `steps`; broadcasts.

    log1p keeps all digits of a small `shrink`: rounding 1 - shrink first would cost steps * 1e-16 of relative accuracy.
    """
    a = 1 - shrink
    sign = np.where((a < 0) & (steps % 2 == 1), -1.0, 1.0)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        log = np.where(shrink < 0.5, np.log1p(-np.minimum(shrink, 0.5)), np.log(np.abs(a)))
        return np.where(steps == 0, 1.0, sign * np.exp(steps * log))
