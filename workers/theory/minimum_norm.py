"""The minimum-norm least-squares fit of a linear network, in float64 with a stated cut-off, or in many digits.

w = Phi^+ y. Monomials of degree d at Chebyshev-like nodes have a condition number of about (1 + sqrt 2)^d: from degree
40 on float64 cannot tell the small singular values from 0, and what a pseudo-inverse returns is set by its cut-off.
With enough digits nothing has to be cut off, and the true minimum-norm solution can be had.

B training points, P features, E test points.
"""

from typing import Literal, NamedTuple

import numpy as np
from mpmath import mp, mpf, workdps

from workers.theory.polynomials import Basis, Nodes, features, node_angles, nodes, sine

Cutoff = Literal["matlab"] | float


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

    They square the condition number: 120 digits leave more than 50 for monomials up to degree 300 at 76 nodes. The
    training risk of an interpolating fit shows how many are left. Raises ValueError where none is.
    """
    with workdps(digits):
        angles, denominator = node_angles(task.points, task.nodes, task.extra)
        x = [mp.cos((p * mp.pi + q) / denominator) for p, q in angles]
        x_test = [mpf(2 * k) / (task.tests - 1) - 1 for k in range(task.tests)]
        phi, test_phi = ([_features(at, task.degree, task.basis) for at in points] for points in (x, x_test))
        y, test_y = ([mp.sin(2 * mp.pi * mpf(task.frequency) * at) for at in points] for points in (x, x_test))
        try:
            w = _weights(phi, y)
        except (ValueError, ZeroDivisionError) as problem:
            raise ValueError(
                f"precision: {digits} digits are too few for degree {task.degree}; ask for more"
            ) from problem
        norm = float(mp.sqrt(mp.fdot(w, w)))
        return Fit(_risk(phi, y, w), _risk(test_phi, test_y, w), norm, min(len(x), task.degree + 1))


def _features(x: mpf, degree: int, basis: Basis) -> list[mpf]:
    """phi(x) by the three-term recurrence of the basis, P numbers."""
    out = [mpf(1), x]
    for k in range(1, degree):
        if basis == "monomial":
            out.append(x * out[-1])
        elif basis == "chebyshev":
            out.append(2 * x * out[-1] - out[-2])
        else:
            out.append(((2 * k + 1) * x * out[-1] - k * out[-2]) / (k + 1))
    return out[: degree + 1]


def _weights(phi: list[list[mpf]], y: list[mpf]) -> list[mpf]:
    """Phi^T (Phi Phi^T)^-1 y when there are more features than points, else (Phi^T Phi)^-1 Phi^T y."""
    columns = list(zip(*phi, strict=True))
    if len(columns) > len(phi):
        dual = mp.cholesky_solve(_gram(phi), mp.matrix(y))
        return [mp.fdot(column, dual) for column in columns]
    return list(mp.cholesky_solve(_gram(columns), mp.matrix([mp.fdot(column, y) for column in columns])))


def _gram(vectors: list[list[mpf]] | list[tuple[mpf, ...]]) -> "mp.matrix":
    """All inner products of the vectors."""
    out = mp.matrix(len(vectors))
    for i, a in enumerate(vectors):
        for j in range(i + 1):
            out[i, j] = out[j, i] = mp.fdot(a, vectors[j])
    return out


def _risk(phi: list[list[mpf]], y: list[mpf], w: list[mpf]) -> float:
    return float(mp.fsum((mp.fdot(row, w) - target) ** 2 for row, target in zip(phi, y, strict=True)) / len(y))
