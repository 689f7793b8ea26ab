"""The minimum-norm least-squares fit of a linear network, in float64 with a stated cut-off, or in many digits.

w = Phi^+ y. Monomials of degree d at Chebyshev-like nodes have a condition number of about (1 + sqrt 2)^d: from degree
40 on float64 cannot tell the small singular values from 0, and what a pseudo-inverse returns is set by its cut-off.
With enough digits nothing has to be cut off, and the true minimum-norm solution can be had: by FLINT's ball arithmetic
(Johansson 2017), where every number carries a bound of its error, so that too few digits are noticed.

B training points, P features, E test points.
"""

from typing import Literal, NamedTuple

import numpy as np
from flint import arb, arb_mat, ctx

from workers.theory.polynomials import Basis, Nodes, features, node_angles, nodes, sine

Cutoff = Literal["matlab"] | float
FLOAT64_BITS = 53


class Fit(NamedTuple):
    """Mean squared errors, the norm of the weights, and the number of singular values that were kept."""

    train_risk: float
    test_risk: float
    norm: float
    rank: int


class Task(NamedTuple):
    """What is fitted: sin(2 pi frequency x) at B = points + extra nodes.

    `extra` nodes go on past the last one of the rule (see theory/polynomials.py). The E = tests points of the test are
    equally spaced on [-1, 1], both ends included.
    """

    degree: int
    basis: Basis
    nodes: Nodes
    points: int
    extra: int
    tests: int
    frequency: float


def float64_fit(task: Task, cutoff: Cutoff) -> Fit:
    """By singular value decomposition.

    cutoff: singular values at or below it times the largest count as 0; "matlab" is the rule of Matlab's pinv,
    max(B, P) times the spacing of floating-point numbers at the largest.
    """
    x, x_test = nodes(task.points, task.nodes, task.extra), np.linspace(-1, 1, task.tests)
    phi, y = features(x, task.degree, task.basis), sine(x, task.frequency)
    test_phi, test_y = features(x_test, task.degree, task.basis), sine(x_test, task.frequency)
    u, s, vt = np.linalg.svd(phi, full_matrices=False)
    smallest = max(phi.shape) * np.spacing(s[0]) if cutoff == "matlab" else cutoff * s[0]
    kept = int(np.sum(s > smallest))
    w = vt[:kept].T @ ((u.T @ y)[:kept] / s[:kept])
    train, test = (float(np.mean((f @ w - t) ** 2)) for f, t in ((phi, y), (test_phi, test_y)))
    return Fit(train, test, float(np.linalg.norm(w)), kept)


def exact_fit(task: Task, digits: int) -> Fit:
    """The same fit, from nodes to risk in `digits` decimal digits, through the normal equations of the smaller side.

    They square the condition number: 120 digits leave more than 40 for most monomials up to degree 300 at 76 nodes.
    Where they do not suffice, as for degrees just above 76, twice and then four times as many are taken. Test risk and
    norm are the closest float64 numbers. Raises ValueError where four times as many digits do not suffice for that. The
    training risk of a fit that interpolates is rounding.
    """
    for times in (1, 2, 4):
        fit = _fit(task, times * digits)
        if fit is not None:
            return fit
    raise ValueError(f"precision: four times {digits} digits are too few for degree {task.degree}; ask for more")


def _fit(task: Task, digits: int) -> Fit | None:
    """The fit in so many digits; None where they are too few."""
    with ctx.workdps(digits):
        angles, denominator = node_angles(task.points, task.nodes, task.extra)
        x = [((p * arb.pi() + q) / denominator).cos() for p, q in angles]
        x_test = [arb(2 * k) / (task.tests - 1) - 1 for k in range(task.tests)]
        phi, test_phi = (arb_mat([_features(at, task.degree, task.basis) for at in points]) for points in (x, x_test))
        y, test_y = (arb_mat([[(2 * arb.pi() * task.frequency * at).sin()] for at in points]) for points in (x, x_test))
        try:
            w = _weights(phi, y)
        except ZeroDivisionError:  # the matrix cannot be told from a singular one
            return None
        norm, test_risk = _squares(w).sqrt(), _squares(test_phi * w - test_y) / task.tests
        if not (_is_known(norm, digits) and _is_known(test_risk, digits)):
            return None
        train_risk = _squares(phi * w - y) / len(x)
        return Fit(float(train_risk), float(test_risk), float(norm), min(len(x), task.degree + 1))


def _features(x: arb, degree: int, basis: Basis) -> list[arb]:
    """phi(x) by the three-term recurrence of the basis, P numbers."""
    out = [arb(1), x]
    for k in range(1, degree):
        if basis == "monomial":
            out.append(x * out[-1])
        elif basis == "chebyshev":
            out.append(2 * x * out[-1] - out[-2])
        else:
            out.append(((2 * k + 1) * x * out[-1] - k * out[-2]) / (k + 1))
    return out[: degree + 1]


def _weights(phi: arb_mat, y: arb_mat) -> arb_mat:
    """Phi^T (Phi Phi^T)^-1 y when there are more features than points, else (Phi^T Phi)^-1 Phi^T y."""
    transposed = phi.transpose()
    if phi.ncols() > phi.nrows():
        return transposed * (phi * transposed).solve(y, algorithm="precond")
    return (transposed * phi).solve(transposed * y, algorithm="precond")


def _squares(column: arb_mat) -> arb:
    """The sum of squares."""
    return (column.transpose() * column)[0, 0]


def _is_known(value: arb, digits: int) -> bool:
    """Whether the bound of the error is below float64's rounding, or so small that the value may as well be 0."""
    return value.rel_accuracy_bits() >= FLOAT64_BITS or float(value.abs_upper()) < 10.0 ** (-digits // 2)
