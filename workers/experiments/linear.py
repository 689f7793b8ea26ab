"""Where descent takes a linear classifier: square loss against exponential loss (CBMM Memo 90, Sections 4 and 11).

Square loss: descent never changes the part of w in the null space of the examples, so that the limit is the
minimum-norm solution if and only if that part was 0 at the start. Exponential loss: the norm grows as log t / margin,
whatever w was at the start is washed out of w / |w|, and the limit is the hard-margin support vector machine
(Soudry, Hoffer and Srebro, "The implicit bias of gradient descent on separable data", 2018).

B examples, D inputs, M trials, T logged iterations.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tracking.common.named_files.plugins import Frozen
from tracking.records.rows import Outcome, Progress, Row
from workers.interfaces.experiment import Seconds, no_choice, no_layers, no_limit, no_preparation
from workers.interfaces.networks.divergence import LARGEST_RISK
from workers.theory import series
from workers.theory.closed_form_descent import Array, descent
from workers.theory.linear_classification import exponential_descent, gaussian_data, hard_margin, log_risk, random_start
from workers.trial import Trial


class Settings(Frozen):
    """20 examples in 50 dimensions: separable, and 30 directions that no example sees."""

    loss: Literal["square", "exponential"] = Field(
        "exponential", description="mean of (w.x - y)^2, or sum of exp(-y w.x)"
    )
    examples: int = Field(20, gt=0, description="number of training examples, standard normal, labels +-1 at random")
    inputs: int = Field(50, gt=0, description="dimension of x and of w; there is no bias")
    start_norm: float = Field(0.0, ge=0, description="length of w at the start, in a random direction")
    step_rule: Literal["constant", "loss_normalized"] = Field(
        "loss_normalized", description="exponential loss: a step of learning_rate, or of learning_rate / loss"
    )
    learning_rate: float = Field(0.02, gt=0, description="step of full-batch descent")
    iterations: int = Field(100_000, ge=2, description="number of descent steps")
    log_points: int = Field(100, ge=2, description="steps to log, equally spaced in the logarithm, beside step 0")
    data_seed: int = Field(0, ge=0, description="seed of the examples")
    seed: int = Field(0, ge=0, description="seed of the direction of the start")


MAY_DIFFER: tuple[str, ...] = ("seed", "start_norm")
MEASURES = {
    "risk": ("train",),
    "log_risk": ("train",),
    "norm": ("",),
    "null_norm": ("",),
    "margin": ("train",),
    "cosine_minimum_norm": ("",),
    "cosine_max_margin": ("",),
    "log_time": ("",),
    "growth_rate": ("",),
}
BOUNDS = {"risk": (0, None), "norm": (0, None), "null_norm": (0, None)}
STEP = "step"
prepare, most_models, engine = no_preparation, no_limit, no_choice


recorded_layers = no_layers


def recorded_steps(settings: Settings) -> list[int]:
    """The logged steps."""
    return list(map(int, logged_steps(settings)))


# The mean squared error is measured under either loss, and grows with the weights where it is not minimised.
DIVERGED: Mapping[str, Mapping[series.Key, float]] = {
    "square": series.MINIMISED,
    "exponential": {("train", "log_risk", ""): math.log(LARGEST_RISK)},
}
RATE = 2e9  # operations a second of one core, measured


def cost(settings: Settings) -> float:
    """Floating-point operations; the square loss has a closed form and pays only for the steps it logs."""
    steps = settings.iterations if settings.loss == "exponential" else settings.log_points
    return 4.0 * steps * settings.examples * settings.inputs


def seconds(settings: Settings, device: str) -> Seconds:
    """By its operations."""
    return Seconds(cost(settings) / RATE)


def run(trials: Sequence[Trial[Settings]], device: str, resume: dict[str, Any] | None) -> Iterator[Progress]:
    """All starts at once, in seconds: `device` and `resume` are unused."""
    settings = trials[0].settings
    x, y = gaussian_data(settings.data_seed, settings.examples, settings.inputs)
    starts = [random_start(t.seed, settings.inputs, t.settings.start_norm) for t in trials]
    steps = logged_steps(settings)
    rows: list[Row] = []
    ended: dict[str, Outcome] = {}
    with np.errstate(over="ignore", invalid="ignore"):
        weights, log_time = path(settings, x, y, np.stack(starts), steps)
        for m, trial in enumerate(trials):
            measured = measures(x, y, weights[:, m])
            if settings.loss == "exponential":
                measured["train", "log_risk", ""] = log_risk(x * y[:, None], weights[:, m])
                rows += series.rows(trial.id, steps[1:], growth(x * y[:, None], weights[1:, m], log_time[1:, m]))
            rows += series.rows(trial.id, steps, measured)
            ended[trial.id] = series.outcome(steps, measured, "iterations done", DIVERGED[settings.loss])
    yield Progress(int(steps[-1]), rows, ended, dict)


def logged_steps(settings: Settings) -> NDArray[np.int64]:
    """0, then whole numbers equally spaced in the logarithm; shape [T]."""
    grid = np.rint(np.geomspace(1, settings.iterations, settings.log_points)).astype(np.int64)
    return np.unique(np.append(0, grid))


def path(settings: Settings, x: Array, y: Array, starts: Array, steps: NDArray[np.int64]) -> tuple[Array, Array]:
    """Weights [T, M, D] and logarithm of the time [T, M] at the logged steps, from each start [M, D]."""
    if settings.loss == "exponential":
        normalized = settings.step_rule == "loss_normalized"
        return exponential_descent(x * y[:, None], starts, settings.learning_rate, normalized, steps.tolist())
    exact = descent(x, y, settings.learning_rate)
    weights = exact.weights(exact.coordinates(starts) * exact.factors(steps.astype(float))[:, None])
    weights[steps == 0] = starts  # not its projection: of a start at 0 that would be rounding, which has a direction
    with np.errstate(divide="ignore"):
        log_time = np.log(settings.learning_rate * steps)
    return weights, np.repeat(log_time[:, None], len(starts), axis=1)


def measures(x: Array, y: Array, weights: Array) -> dict[series.Key, Array]:
    """What is recorded of weights [T, D] of one trial for either loss, [T] each.

    risk: mean squared error. null_norm: how far w has moved in the null space of x. margin: smallest y w.x / |w|.
    Cosines with the two limits that the theory names. Where w = 0 has no direction, margin and cosines are 0.
    """
    inverse = np.linalg.pinv(x, rcond=1e-12)
    minimum_norm, max_margin = inverse @ y, hard_margin(x * y[:, None])
    null = np.eye(x.shape[1]) - inverse @ x
    norm = np.linalg.norm(weights, axis=1)
    unit = weights / np.where(norm > 0, norm, 1)[:, None]
    return {
        ("train", "risk", ""): np.mean((weights @ x.T - y) ** 2, axis=1),
        ("", "norm", ""): norm,
        ("", "null_norm", ""): np.linalg.norm((weights - weights[0]) @ null, axis=1),
        ("train", "margin", ""): np.min(y * (unit @ x.T), axis=1),
        ("", "cosine_minimum_norm", ""): unit @ (minimum_norm / np.linalg.norm(minimum_norm)),
        ("", "cosine_max_margin", ""): unit @ (max_margin / np.linalg.norm(max_margin)),
    }


def growth(z: Array, weights: Array, log_time: Array) -> dict[series.Key, Array]:
    """log t, and by how much |w| grows with it in units of 1 / margin, which tends to 1; shape [T] each."""
    slope = np.gradient(np.linalg.norm(weights, axis=1), log_time)
    return {("", "log_time", ""): log_time, ("", "growth_rate", ""): slope / np.linalg.norm(hard_margin(z))}
