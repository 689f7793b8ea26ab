"""AdamW: Adam with weight decay apart from the gradient, as `torch.optim.AdamW` computes it.

w = (1 - rate weight_decay) w before the step of Adam (Loshchilov and Hutter 2019, arXiv:1711.05101, Algorithm 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from workers.interfaces.optimizer import like
from workers.optimizers import adam

if TYPE_CHECKING:
    from jaxtyping import Float, Float64
    from torch import Tensor

    from workers.interfaces.optimizer import Numbers, Tensors

STATE, numbers = adam.STATE, adam.numbers


class Settings(adam.Adaptive):
    """AdamW."""

    name: Literal["adamw"] = "adamw"
    weight_decay: float = Field(
        0.01, ge=0, description="Weights are multiplied by 1 - learning_rate weight_decay in every step."
    )


def step(
    numbers: Numbers, p: Tensors, gradient: Tensors, state: Mapping[str, Tensors], rate: Float[Tensor, " M"],
    t: Float64[Tensor, ""],
) -> None:  # fmt: skip
    """See `Optimizer.step`."""
    if "weight_decay" in numbers:
        kept = 1 - rate * numbers["weight_decay"]
        for value in p.values():
            value.mul_(like(kept, value))
    adam.move(numbers, p, gradient, state, rate, t)
