"""The largest eigenvalues of a symmetric matrix that is known by its products with vectors: Lanczos' method, of ARPACK.

P rows, k eigenvalues.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workers.runtime import lease_watch

if TYPE_CHECKING:
    from jaxtyping import Float64

Array = NDArray[np.float64]
Product = Callable[[Array], Array]


def largest(
    product: Product, first: Float64[Array, " P"], k: int, tolerance: float, which: str = "LA"
) -> Float64[Array, " k"]:
    """The k largest eigenvalues (LA), or those largest in absolute value (LM), in descending order.

    first: the vector to start from, of random numbers. tolerance: relative to the largest absolute eigenvalue.
    """
    from scipy.sparse.linalg import LinearOperator, eigsh

    def step(vector: Array) -> Array:
        lease_watch.look()
        return product(vector)

    operator: Any = LinearOperator((len(first), len(first)), matvec=step, dtype=np.float64)
    found = eigsh(operator, k, which=which, v0=first, tol=tolerance, return_eigenvectors=False)
    return np.sort(np.asarray(found))[::-1]


def largest_one(product: Product, first: Float64[Array, " P"], tolerance: float) -> float:
    """The largest eigenvalue, whatever the size; NaN where the matrix has entries that are not finite."""
    image = product(first)
    if not np.isfinite(image).all():
        return float("nan")
    if not image.any():  # the matrix is 0: ARPACK needs a residual to go on with
        return 0.0
    if len(first) < 3:  # ARPACK finds fewer eigenvalues than there are rows
        return float(np.linalg.eigvalsh(np.stack([product(unit) for unit in np.eye(len(first))]))[-1])
    return float(largest(product, first, 1, tolerance)[0])
