"""Stochastic gradient descent with momentum, Nesterov's momentum and weight decay, as `torch.optim.SGD` computes it.

g = gradient + weight_decay w; v = momentum v + g; w = w - rate v, or w - rate (g + momentum v) with Nesterov's momentum
(Sutskever, Martens, Dahl and Hinton 2013, "On the importance of initialization and momentum in deep learning").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from workers.interfaces.optimizer import OptimizerSettings, like

if TYPE_CHECKING:
    from jaxtyping import Float, Float64
    from torch import Tensor

    from workers.interfaces.optimizer import Numbers, Tensors

STATE = ("momentum",)


class Descent(OptimizerSettings):
    """What gradient descent and stochastic gradient descent have in common."""

    momentum: float = Field(0.0, ge=0, lt=1, description="Momentum m of v = m v + gradient, w = w - learning_rate v.")
    nesterov: bool = Field(False, description="Nesterov's momentum: w = w - learning_rate (gradient + m v).")

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> Descent:
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0")
        return self


class Settings(Descent):
    """Stochastic gradient descent."""

    name: Literal["sgd"] = "sgd"
    batch_size: int = Field(100, gt=0, description="Examples per step; the last batch of an epoch may be short.")


def numbers(settings: Descent) -> dict[str, float]:
    """See `Optimizer.numbers`; nesterov is 0 or 1."""
    return {
        "momentum": settings.momentum,
        "nesterov": float(settings.nesterov),
        "weight_decay": settings.weight_decay,
    }


def step(
    numbers: Numbers, p: Tensors, gradient: Tensors, state: Mapping[str, Tensors], rate: Float[Tensor, " M"],
    t: Float64[Tensor, ""],
) -> None:  # fmt: skip
    """See `Optimizer.step`. Without momentum, v is the last gradient."""
    for name, value in p.items():
        g, v = gradient[name], state["momentum"][name]
        decay(numbers, value, g)
        if "momentum" in numbers:
            v.mul_(like(numbers["momentum"], v)).add_(g)
        else:
            v.copy_(g)
        value.addcmul_(like(rate, v), _direction(numbers, g, v), value=-1)


def decay(numbers: Numbers, value: Float[Tensor, "M ..."], gradient: Float[Tensor, "M ..."]) -> None:
    """Adds the gradient of the penalty weight_decay |w|^2 / 2, in place."""
    if "weight_decay" in numbers:
        gradient.addcmul_(like(numbers["weight_decay"], value), value)


def _direction(numbers: Numbers, g: Float[Tensor, "M ..."], v: Float[Tensor, "M ..."]) -> Float[Tensor, "M ..."]:
    if "nesterov" not in numbers:
        return v
    ahead = g.addcmul(like(numbers["momentum"], v), v)
    return ahead.where(like(numbers["nesterov"], v) > 0, v)
