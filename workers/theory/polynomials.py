"""Polynomial features of points in [-1, 1]: the linear networks y = w . phi(x) of CBMM Memo 90, Figures 4 and 6.

B points, P = degree + 1 features. Every function takes and returns numpy arrays of float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from jaxtyping import Float64

Array = NDArray[np.float64]
Basis = Literal["monomial", "chebyshev", "legendre"]
Nodes = Literal["chebyshev", "authors"]


def node_angles(count: int, rule: Nodes, extra: int = 0) -> tuple[list[tuple[int, int]], int]:
    """Nodes as exact angles: node k is cos((p pi + q) / (2 count)), given as ([(p, q), ...], 2 count).

    "chebyshev": the roots of T_count, p = 2k - 1 and q = 0, k = 1 .. count. "authors": the rule of the public code of
    the memo's authors, whose parenthesis is misplaced: p = 2k and q = -1. `extra` nodes go on past k = count.
    """
    ks = range(1, count + extra + 1)
    return [(2 * k - 1, 0) if rule == "chebyshev" else (2 * k, -1) for k in ks], 2 * count


def nodes(count: int, rule: Nodes, extra: int = 0) -> Float64[Array, " B"]:
    """The `count + extra` points of a rule, in descending order for "chebyshev"."""
    angles, denominator = node_angles(count, rule, extra)
    return np.cos(np.array([p * np.pi + q for p, q in angles]) / denominator)


def features(x: Float64[Array, " B"], degree: int, basis: Basis) -> Float64[Array, "B P"]:
    """phi(x): the first degree + 1 polynomials of the basis at each point."""
    vandermonde = {
        "monomial": np.polynomial.polynomial.polyvander,
        "chebyshev": np.polynomial.chebyshev.chebvander,
        "legendre": np.polynomial.legendre.legvander,
    }
    return np.asarray(vandermonde[basis](x, degree), dtype=np.float64)


def sine(x: Float64[Array, " B"], frequency: float) -> Float64[Array, " B"]:
    """The memo's target function, sin(2 pi frequency x)."""
    return np.sin(2 * np.pi * frequency * x)
