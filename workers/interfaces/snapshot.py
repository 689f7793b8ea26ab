"""The input of measures: a bundle at the end of an epoch, each expensive quantity computed once.

M models, N examples of a split, C classes.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import torch

from workers.interfaces.net import layer_of

if TYPE_CHECKING:
    from jaxtyping import Float, Float64
    from torch import Tensor

    from workers.interfaces.engine import Engine

LARGEST_RISK = 1e6  # mean over examples: with cross-entropy, logits that are wrong by a million; chance is log C
DIVERGED = f"a weight is not finite, or the training risk exceeds {LARGEST_RISK:g}"


class Snapshot:
    """A bundle between two epochs."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.totals = functools.cache(engine.totals)  # split -> error (M,), risk (M,)
        self.outputs = functools.cache(engine.outputs)  # split -> outputs (M, N, C), labels (M, N)
        self.parameters = engine.parameters()

    def norms(self) -> dict[str, Float64[Tensor, " M"]]:
        """Frobenius norm of every layer by name, its bias included."""
        squares: dict[str, Tensor] = {}
        for name, value in self.parameters.items():
            layer = layer_of(name)
            square = value.double().flatten(1).square().sum(1)
            squares[layer] = squares[layer] + square if layer in squares else square
        return {layer: square.sqrt() for layer, square in squares.items()}

    def margins(self, split: str) -> Float[Tensor, "M N"]:
        """f_y - max over wrong classes f_c, of every example."""
        outputs, labels = self.outputs(split)
        correct = outputs.gather(-1, labels[..., None])[..., 0]
        return correct - outputs.scatter(-1, labels[..., None], -torch.inf).amax(-1)

    def diverged(self) -> list[bool]:
        """For each model, whether a weight is not finite, or the training risk not at most `LARGEST_RISK`."""
        risk = self.totals("train")[1]
        finite = [value.flatten(1).isfinite().all(1) for value in self.parameters.values()]
        sound = torch.stack([*finite, risk.double() <= LARGEST_RISK]).all(0)
        return [not one for one in sound.tolist()]
