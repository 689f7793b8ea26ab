"""Stochastic gradient Langevin dynamics: gradient descent with Gaussian noise, whose variance grows with the rate.

w = w - rate (g + weight_decay w) + sqrt(2 rate temperature) n, with g the gradient of the mean loss over the batch, and
n standard normal numbers, drawn anew in every step. As the rate goes to 0, the weights become distributed as
exp(-(L(w) + weight_decay |w|^2 / 2) / temperature), with L the mean loss over all training examples.

Welling and Teh (2011), "Bayesian Learning via Stochastic Gradient Langevin Dynamics", equation 4, move by epsilon / 2
times the gradient of the log posterior of N examples and add noise of variance epsilon. With a Gaussian prior of
variance s^2 and a loss that is the negative log likelihood, that is this step with temperature = 1 / N,
rate = epsilon N / 2 and weight_decay = 1 / (N s^2).
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

STATE = ()
NOISE = ("noise",)


class Settings(OptimizerSettings):
    """Stochastic gradient Langevin dynamics; without a batch size every step takes all examples."""

    name: Literal["sgld"] = "sgld"
    temperature: float = Field(
        ge=0,
        description="T of the noise, whose standard deviation in a step is sqrt(2 learning_rate T); 1 / train_size "
        "samples the posterior of cross_entropy.",
    )


def numbers(settings: Settings) -> dict[str, float]:
    """See `Optimizer.numbers`."""
    return {"temperature": settings.temperature, "weight_decay": settings.weight_decay}


def step(
    numbers: Numbers, p: Tensors, gradient: Tensors, state: Mapping[str, Tensors], rate: Float[Tensor, " M"],
    t: Float64[Tensor, ""],
) -> None:  # fmt: skip
    """See `Optimizer.step`."""
    for name, value in p.items():
        decay(numbers, value, gradient[name])
        value.addcmul_(like(rate, value), gradient[name], value=-1)
    if "temperature" in numbers:
        deviation = (2 * rate * numbers["temperature"]).sqrt()
        for name, value in p.items():
            value.addcmul_(like(deviation, value), state["noise"][name])
