"""Arithmetic modulo p: the pairs (a, b) with the class a op b mod p, of which each seed draws its training set.

Power et al., "Grokking: generalization beyond overfitting on small algorithmic datasets" (2022). Theirs draws pairs
regardless of their class; here the training set is class-balanced, as all training subsets are.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from workers.interfaces.dataset import DataSettings, Sizes
from workers.interfaces.images import Images, digest


class Settings(DataSettings):
    """All pairs (a, b) and a op b mod p; what is not drawn for training is the test set."""

    name: Literal["modular"] = "modular"
    modulus: int = Field(97, ge=2, le=251, description="The prime p; the number of classes.")
    operation: Literal["add", "subtract", "multiply", "divide"] = Field(
        "add", description="What is done to a and b; divide takes b from 1."
    )
    encoding: Literal["one_hot", "index"] = Field(
        "one_hot", description="The input: 2p numbers, of which those of a and of b are 1; or the two numbers a and b."
    )
    train_fraction: float = Field(
        0.3, gt=0, lt=1, description="Fraction of all pairs that are training examples; the others are test examples."
    )

    @field_validator("modulus")
    @classmethod
    def _is_prime(cls, p: int) -> int:
        if any(p % d == 0 for d in range(2, p)):
            raise ValueError(f"modulus must be prime, got {p}")
        return p

    def sizes(self) -> Sizes:
        p = self.modulus
        pairs = p * (p - 1 if self.operation == "divide" else p)
        train = min(max(round(self.train_fraction * pairs), 1), pairs - 1)
        return Sizes(train, pairs - train, (1, 1, 2 * p if self.encoding == "one_hot" else 2), p, "float32")


def where() -> str:
    """A sentence: nothing is stored."""
    return "computed when needed"


def load(settings: Settings) -> Images:
    """All pairs, which are divided by the seed of each trial."""
    p, operation = settings.modulus, settings.operation
    a, b = (n.ravel() for n in np.meshgrid(np.arange(p), np.arange(operation == "divide", p), indexing="ij"))
    y = _result(a, b, operation, p)
    x = np.stack([a, b], 1).astype(np.float32)
    if settings.encoding == "one_hot":
        x = np.concatenate([np.eye(p, dtype=np.float32)[n] for n in (a, b)], 1)
    parts = x[:, None, None], y, x[:, None, None], y
    title = f"{operation} modulo {p}"
    return Images(*parts, classes=p, title=title, digest=digest(*parts), divided=settings.sizes().train)


def _result(a: NDArray[np.int64], b: NDArray[np.int64], operation: str, p: int) -> NDArray[np.int64]:
    if operation == "divide":  # by the inverse of each number from 1 to p - 1, p prime
        inverse = np.array([0, *(pow(n, -1, p) for n in range(1, p))])
        return np.asarray(a * inverse[b] % p)
    found = {"add": a + b, "subtract": a - b, "multiply": a * b}[operation]
    return np.asarray(found % p)
