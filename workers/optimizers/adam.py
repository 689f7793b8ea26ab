"""Adam, as `torch.optim.Adam` computes it; weight decay is part of the gradient.

m = beta1 m + (1 - beta1) g; s = beta2 s + (1 - beta2) g^2; w = w - rate m' / (sqrt(s') + epsilon) at step t, with
m' = m / (1 - beta1^t) and s' = s / (1 - beta2^t) (Kingma and Ba 2015, arXiv:1412.6980, Algorithm 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from workers.interfaces.optimizer import OptimizerSettings, like
from workers.optimizers.sgd import decay

if TYPE_CHECKING:
    from jaxtyping import Float, Float64
    from torch import Tensor

    from workers.interfaces.optimizer import Numbers, Tensors

STATE = ("first_moment", "second_moment")


class Adaptive(OptimizerSettings):
    """What Adam and AdamW have in common."""

    batch_size: int = Field(100, gt=0, description="Examples per step; the last batch of an epoch may be short.")
    learning_rate: float = Field(0.001, gt=0, description="Step size: about how far a weight moves in a step.")
    beta1: float = Field(0.9, ge=0, lt=1, description="Decay of the mean of the gradients, in a step.")
    beta2: float = Field(0.999, ge=0, lt=1, description="Decay of the mean of the squared gradients, in a step.")
    epsilon: float = Field(1e-8, gt=0, description="Added to the root of the mean squared gradient.")


class Settings(Adaptive):
    """Adam."""

    name: Literal["adam"] = "adam"


def numbers(settings: Adaptive) -> dict[str, float]:
    """See `Optimizer.numbers`."""
    s = settings
    return {"beta1": s.beta1, "beta2": s.beta2, "epsilon": s.epsilon, "weight_decay": s.weight_decay}


def step(
    numbers: Numbers, p: Tensors, gradient: Tensors, state: Mapping[str, Tensors], rate: Float[Tensor, " M"],
    t: Float64[Tensor, ""],
) -> None:  # fmt: skip
    """See `Optimizer.step`."""
    for name, value in p.items():
        decay(numbers, value, gradient[name])
    move(numbers, p, gradient, state, rate, t)


def move(
    numbers: Numbers, p: Tensors, gradient: Tensors, state: Mapping[str, Tensors], rate: Float[Tensor, " M"],
    t: Float64[Tensor, ""],
) -> None:  # fmt: skip
    """The step of Adam for a gradient that is final."""
    beta1, beta2 = (numbers.get(name, rate.new_zeros(len(rate))) for name in ("beta1", "beta2"))
    correction1, correction2 = ((1 - beta.double() ** t).to(rate.dtype) for beta in (beta1, beta2))
    for name, value in p.items():
        g, m, s = gradient[name], state["first_moment"][name], state["second_moment"][name]
        m.lerp_(g, like(1 - beta1, g))
        s.mul_(like(beta2, g)).addcmul_(g * like(1 - beta2, g), g)
        root = (s / like(correction2, s)).sqrt_().add_(like(numbers["epsilon"], s))
        value.addcdiv_(m * like(rate / correction1, m), root, value=-1)
