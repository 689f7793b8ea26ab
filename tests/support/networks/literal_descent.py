"""Gradient descent on a square loss one step after the other: what its closed form is compared with."""

from workers.theory.closed_form_descent import Array


def literal(phi: Array, y: Array, learning_rate: float, weights: Array, steps: int) -> Array:
    """The weights [M, P] of M models after so many steps; phi [B, P] and y [B] are B examples."""
    for _ in range(steps):
        weights = weights - learning_rate * 2 / len(y) * (weights @ phi.T - y) @ phi
    return weights
