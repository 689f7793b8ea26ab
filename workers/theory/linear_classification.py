"""Linear classification through the origin: the data, the maximum-margin direction, and descent on exponential losses.

A linear network w . x and labels y = +-1 enter only through z_n = y_n x_n; the data are separable when some w has
w . z_n > 0 for all n. B examples, D inputs, M starts, T logged iterations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracking.common.text import count_of
from workers.runtime import lease_watch
from workers.runtime.seeds import generator
from workers.theory.closed_form_descent import Array

if TYPE_CHECKING:
    from jaxtyping import Float64


def gaussian_data(data_seed: int, examples: int, inputs: int) -> tuple[Float64[Array, "B D"], Float64[Array, " B"]]:
    """x with standard normal entries, y = +-1 at random: separable almost surely when B <= D."""
    draw = generator(data_seed, "linear data")
    return draw.normal(size=(examples, inputs)), draw.choice([-1.0, 1.0], size=examples)


def random_start(seed: int, inputs: int, norm: float) -> Float64[Array, " D"]:
    """A vector of the given length in a random direction."""
    direction = generator(seed, "weights").normal(size=inputs)
    return norm * direction / np.linalg.norm(direction)


def hard_margin(z: Float64[Array, "B D"]) -> Float64[Array, " D"]:
    """The support vector machine without bias: the shortest w with w . z_n >= 1 for all rows of z.

    Exact, as a least-distance problem: non-negative least squares of [z^T; 1] u = (0, .., 0, 1), whose residual r gives
    w = -r_{1..D} / r_{D+1} (Lawson & Hanson, Solving Least Squares Problems, chapter 23). The margin is 1 / |w|.
    Raises ValueError when the data are not separable.
    """
    from scipy.optimize import nnls

    columns = np.vstack([z.T, np.ones(len(z))])
    goal = np.append(np.zeros(z.shape[1]), 1.0)
    u, distance = nnls(columns, goal)
    if distance < 1e-9:
        inputs = count_of(z.shape[1], "input")
        raise ValueError(f"the examples ({len(z)}) are not linearly separable in {inputs}; take more inputs")
    residual = columns @ u - goal
    return np.asarray(-residual[:-1] / residual[-1], dtype=np.float64)


def log_risk(z: Float64[Array, "B D"], weights: Float64[Array, "*any D"]) -> Float64[Array, "*any"]:
    """log sum_n exp(-w . z_n), finite where the sum itself would overflow or vanish."""
    exponents = -weights @ z.T
    largest = exponents.max(axis=-1)
    return np.asarray(largest + np.log(np.exp(exponents - largest[..., None]).sum(axis=-1)))


def exponential_descent(
    z: Float64[Array, "B D"], start: Float64[Array, "M D"], learning_rate: float, normalized: bool, logged: list[int]
) -> tuple[Float64[Array, "T M D"], Float64[Array, "T M"]]:
    """Descent on L = sum_n exp(-w . z_n) from each start.

    normalized: the step is learning_rate / L, which is descent on log L and does not overflow from a start that
    misclassifies; else it is learning_rate. `logged` are iterations in ascending order. Returns the weights
    and the logarithm of the time at which gradient flow on L would be: the sum of all steps.
    """
    w, log_time = start.copy(), np.full(len(start), -np.inf)
    weights, times = [], []
    done = 0
    for goal in logged:
        for _ in range(goal - done):
            lease_watch.look()
            exponents = -w @ z.T
            largest = exponents.max(axis=1, keepdims=True)
            terms = np.exp(exponents - largest)
            total = terms.sum(axis=1, keepdims=True)
            risk = largest + np.log(total)
            log_step = np.log(learning_rate) - risk if normalized else np.full_like(risk, np.log(learning_rate))
            w = w + np.exp(log_step + risk) * (terms / total) @ z
            log_time = np.logaddexp(log_time, log_step[:, 0])
        done = goal
        weights.append(w)
        times.append(log_time)
    return np.stack(weights), np.stack(times)


def ridge_solution(z: Float64[Array, "B D"], ridge: float) -> Float64[Array, " D"]:
    """The w that minimises sum_n exp(-w . z_n) + ridge |w|^2.

    w = sum_n k_n z_n with 2 ridge k_n = exp(-z_n . sum_j k_j z_j): equation (24) with the gradient of the ridge,
    2 ridge w, and the k_j in the exponent, which the memo leaves out. These are the conditions for the minimum over
    k > 0 of the convex sum_n k_n (log(2 ridge k_n) - 1) + k^T G k / 2, G = z z^T; found by Newton's method in log k.
    """
    gram = z @ z.T
    log_k = np.full(len(z), np.log(1 / len(z)))
    for _ in range(500):
        k = np.exp(log_k)
        residual = np.log(2 * ridge) + log_k + gram @ k
        if np.abs(residual).max() < 1e-11:
            return np.asarray(z.T @ k)
        step = np.linalg.solve(np.eye(len(z)) + gram * k, -residual)
        log_k = log_k + step / max(1.0, np.abs(step).max())
    raise ArithmeticError(f"Newton's method did not settle for ridge = {ridge}: residual {np.abs(residual).max():.1e}")
