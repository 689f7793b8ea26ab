"""How fast the norms of the layers grow under an exponential loss (CBMM Memo 90, Section 14 and Figure 7).

A homogeneous network with layer norms rho_k and one training example has the output P f~, P = rho_1 ... rho_K, and the
loss exp(-P f~). With f~ constant, gradient flow on each layer's norm is equation (48),

    d rho_k / dt = (P / rho_k) f~ exp(-P f~)                                          flow: per_layer

Hence rho_k^2 - rho_j^2 never changes, and P f~ = log t + (2 - 2/K) log log t + O(1): faster than the logarithm by an
additive term only, P f~ / log t -> 1 for every K, while each layer grows as (log t)^(1/K). The memo's equation (55),

    d rho / dt = f~ K rho^(K-1) exp(-rho^K f~)                                        flow: tied

is the flow of one norm shared by all layers: the same curve with time running K times as fast. The memo prints other
exponents in (53) and (55); the product of all K norms belongs there.

Solved in s = log(1 + t), in which the solution is smooth over any number of decades. K layers, T logged times.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from tracking.common.named_files.plugins import Frozen
from tracking.records.rows import Progress
from workers.interfaces.experiment import Seconds, no_choice, no_limit, no_preparation
from workers.theory import series
from workers.trial import Trial

Array = NDArray[np.float64]
FIRST_TIME = 0.1  # the first logged time after 0
RATIO_FROM = 10.0  # P f~ / log t says nothing while log t is near 0


class Settings(Frozen):
    """The defaults are the memo's figure, whose numbers it does not give: f~ = 1 and every norm 1 at time 0."""

    layers: int = Field(2, ge=1, description="number K of layers")
    flow: Literal["per_layer", "tied"] = Field("per_layer", description="a norm for each layer, or one that all share")
    normalized_output: float = Field(1.0, gt=0, description="output f~ of the network with unit norms on the example")
    start: float = Field(1.0, gt=0, description="norm of the layers at time 0 (0 is a saddle for two layers or more)")
    unequal: float = Field(
        0.0, ge=0, lt=1, description="norms start between start (1 - unequal) and start (1 + unequal)"
    )
    time_max: float = Field(1e6, ge=10, description="time of the last point, in units of 1 / learning rate")
    points_per_decade: int = Field(20, ge=1, description="logged times per factor of 10, from 0.1 on")
    tolerance: float = Field(1e-10, gt=0, description="relative tolerance of the solver")
    seed: int = Field(0, ge=0, description="unused: nothing is random")

    @model_validator(mode="after")
    def _tied_norms_are_equal(self) -> "Settings":
        if self.flow == "tied" and self.unequal:
            raise ValueError(f"unequal must be 0 where flow is tied (one norm for all), got {self.unequal}")
        return self


MAY_DIFFER: tuple[str, ...] = tuple(Settings.model_fields)
MEASURES = {
    "time": ("",),
    "norm": ("",),
    "product_of_norms": ("",),
    "rate": ("",),
    "drift": ("",),
    "product_per_log_time": ("",),
}
BOUNDS = {"time": (0, None), "norm": (0, None), "product_of_norms": (0, None)}
STEP = "step"
prepare, most_models, engine = no_preparation, no_limit, no_choice


def recorded_steps(settings: Settings) -> list[int]:
    """The indices of the logged times."""
    return list(range(len(logged_times(settings))))


def recorded_layers(settings: Settings) -> list[str]:
    """ "1" to "K"."""
    return [str(layer + 1) for layer in range(settings.layers)]


RATE = 6e6  # operations a second of one core, measured


def cost(settings: Settings) -> float:
    """Floating-point operations: about a thousand evaluations of the right-hand side."""
    return 1e4 * settings.layers


def seconds(settings: Settings, device: str) -> Seconds:
    """By its operations."""
    return Seconds(cost(settings) / RATE)


def run(trials: Sequence[Trial[Settings]], device: str, resume: dict[str, Any] | None) -> Iterator[Progress]:
    """Milliseconds a trial, without an accelerator. A step is the index of a logged time, which is a measure."""
    return series.one_by_one(trials, resume, _solve)


def _solve(trial: Trial[Settings]) -> series.Result:
    settings = trial.settings
    times = logged_times(settings)
    steps = np.arange(len(times))
    measured = measures(settings, times, norms(settings, times))
    late = times >= RATIO_FROM
    growth = measured["", "product_of_norms", ""][late] * settings.normalized_output / np.log(times[late])
    rows = series.rows(trial.id, steps, measured)
    rows += series.rows(trial.id, steps[late], {("", "product_per_log_time", ""): growth})
    return series.Result(rows, series.outcome(steps, measured, "last time reached"))


def logged_times(settings: Settings) -> Array:
    """0, then equally spaced in the logarithm and through every power of ten, up to `time_max`; shape [T]."""
    per_decade = settings.points_per_decade
    first, last = (round(np.log10(t) * per_decade, 9) for t in (FIRST_TIME, settings.time_max))
    return np.concatenate([[0.0], 10.0 ** (np.arange(np.ceil(first), np.floor(last) + 1) / per_decade)])


def initial_norms(settings: Settings) -> Array:
    """rho_k at time 0, shape [K]."""
    spread = np.linspace(-1, 1, settings.layers) if settings.layers > 1 else np.zeros(1)
    return settings.start * (1 + settings.unequal * spread)


def velocity(settings: Settings, rho: Array) -> Array:
    """d rho_k / dt for norms [..., K]."""
    product: Array = rho.prod(axis=-1, keepdims=True)
    copies = settings.layers if settings.flow == "tied" else 1
    force: Array = settings.normalized_output * np.exp(-product * settings.normalized_output)
    return copies * product / rho * force


def norms(settings: Settings, times: Array) -> Array:
    """The layer norms at the given times, in ascending order from 0: shape [T, K].

    Raises ArithmeticError when the solver gives up.
    """
    from scipy.integrate import solve_ivp

    s = np.log1p(times)
    solved = solve_ivp(
        lambda at, rho: np.exp(at) * velocity(settings, rho),
        (0.0, s[-1]),
        initial_norms(settings),
        method="LSODA",
        t_eval=s,
        rtol=settings.tolerance,
        atol=settings.tolerance * 1e-2,
    )
    if not solved.success:
        raise ArithmeticError(f"the flow of {settings} could not be solved: {solved.message}")
    return np.asarray(solved.y.T, dtype=np.float64)


def measures(settings: Settings, times: Array, rho: Array) -> dict[series.Key, Array]:
    """Norms of layers "1" .. "K" and their product, [T] each; and how the laws that they should obey are kept.

    rate: t d(P f~)/dt, which tends to 1. drift: the largest change of a rho_k^2 - rho_j^2 since time 0.
    """
    product = rho.prod(axis=1)
    squares = rho**2 - rho[0] ** 2
    growth = (product[:, None] / rho * velocity(settings, rho)).sum(axis=1)
    out = {("", "norm", str(k + 1)): rho[:, k] for k in range(settings.layers)}
    out["", "time", ""] = times
    out["", "product_of_norms", ""] = product
    out["", "rate", ""] = times * settings.normalized_output * growth
    out["", "drift", ""] = squares.max(axis=1) - squares.min(axis=1)
    return out
