"""Descent on the square loss of polynomial features, perturbed now and then (CBMM Memo 90, Figure 4).

Weights w of a linear network y = w . phi(x) fit sin(2 pi f x) at a few points. Every `noise_every` steps Gaussian noise
is added to all weights; descent repairs what the examples see and keeps the rest, so that the part of w in the null
space of Phi makes a random walk: E|Q (w_t - w_0)|^2 = m (P - R) noise^2 after m perturbations (Section 6).
The iterates are exact (workers/theory/closed_form_descent.py): ten million steps are not taken one by one.

A row of step t is measured after t steps, before the perturbation of that step where there is one.

B examples, P weights, R rank, M trials, T logged steps, S stretches between perturbations.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tracking.common.named_files.plugins import Frozen
from tracking.records.rows import Outcome, Progress, Row
from workers.interfaces.experiment import Seconds, no_choice, no_layers, no_limit, no_preparation
from workers.runtime import checkpoint
from workers.runtime.seeds import generator
from workers.theory import series
from workers.theory.closed_form_descent import Array, Descent, descent
from workers.theory.polynomials import Basis, Nodes, features, nodes, sine
from workers.trial import Trial


class Settings(Frozen):
    """The defaults are the memo's first pair of panels."""

    degree: int = Field(39, ge=0, description="degree of the polynomial; there are degree + 1 weights and no bias")
    basis: Basis = Field("monomial", description="polynomials that make up the features")
    nodes: Nodes = Field(
        "chebyshev", description="rule of the training and test points: true Chebyshev, or the authors'"
    )
    train_points: int = Field(9, gt=0, description="number of training points")
    test_points: int = Field(100, gt=0, description="number of test points, by the same rule")
    frequency: float = Field(4.0, description="frequency f of the target sin(2 pi f x), in periods per unit of x")
    learning_rate: float = Field(0.2, gt=0, description="step of full-batch descent on the mean squared error")
    iterations: int = Field(10_000_000, gt=0, description="number of descent steps")
    init: Literal["torch_default", "zero"] = Field(
        "torch_default", description="initial weights: uniform in +-1/sqrt(number of weights), or 0"
    )
    noise: float = Field(0.45, ge=0, description="standard deviation of the noise added to each weight; 0: none")
    noise_every: int = Field(120_000, gt=0, description="steps between perturbations; the first is after this many")
    noise_until: int = Field(5_000_000, ge=0, description="no perturbation after this step")
    log_points: int = Field(2000, ge=2, description="steps to log, beside step 0 and those around each perturbation")
    log_spacing: Literal["linear", "logarithmic"] = Field("linear", description="how the logged steps are spaced")
    seed: int = Field(0, ge=0, description="seed of the initial weights and of the noise: the repetition")


MAY_DIFFER: tuple[str, ...] = ("seed",)
MEASURES = {
    "risk": ("train", "test"),
    "expected_risk": ("train", "test"),
    "norm": ("",),
    "expected_norm": ("",),
    "null_norm": ("",),
    "expected_null_norm": ("",),
    "perturbations": ("",),
}
BOUNDS = {
    "risk": (0, None),
    "expected_risk": (0, None),
    "norm": (0, None),
    "expected_norm": (0, None),
    "null_norm": (0, None),
    "expected_null_norm": (0, None),
}
STEP = "step"
prepare, most_models, engine = no_preparation, no_limit, no_choice
TRIALS_AT_ONCE = 32  # bounds memory: 32 trials, 2,000 logged steps and 100 test points take 51 MB


@dataclass(frozen=True)
class Problem:
    """Features [B, P] and targets [B] of both splits, and the descent on the training ones."""

    phi: dict[str, Array]
    y: dict[str, Array]
    descent: Descent


recorded_layers = no_layers


def recorded_steps(settings: Settings) -> list[int]:
    """The logged steps."""
    return list(map(int, logged_steps(settings)))


RATE = 8e8  # operations a second of one core, measured


def cost(settings: Settings) -> float:
    """Floating-point operations: predictions at the logged steps, whatever the number of iterations."""
    return 4.0 * settings.log_points * (settings.degree + 1) * (settings.train_points + settings.test_points)


def seconds(settings: Settings, device: str) -> Seconds:
    """By its operations."""
    return Seconds(cost(settings) / RATE)


def run(trials: Sequence[Trial[Settings]], device: str, resume: dict[str, Any] | None) -> Iterator[Progress]:
    """All repetitions, `TRIALS_AT_ONCE` at a time, in a second or two and without an accelerator."""
    settings = trials[0].settings
    given, steps = problem(settings), logged_steps(settings)
    expected = expectation(given, settings, steps)
    for first in range(checkpoint.done(resume, len(trials)), len(trials), TRIALS_AT_ONCE):
        some = trials[first : first + TRIALS_AT_ONCE]
        measured = measures(given, trajectory(given, settings, steps, [t.seed for t in some]))
        rows: list[Row] = []
        ended: dict[str, Outcome] = {}
        for m, trial in enumerate(some):
            values = {key: value[m] for key, value in measured.items()} | expected
            rows += series.rows(trial.id, steps, values)
            ended[trial.id] = series.outcome(steps, values, "iterations done")
        yield Progress(int(steps[-1]), rows, ended, partial(dict, done=first + len(some)))


def problem(settings: Settings) -> Problem:
    """The examples and the descent that the settings ask for."""
    x = {"train": nodes(settings.train_points, settings.nodes), "test": nodes(settings.test_points, settings.nodes)}
    phi = {split: features(points, settings.degree, settings.basis) for split, points in x.items()}
    y = {split: sine(points, settings.frequency) for split, points in x.items()}
    return Problem(phi, y, descent(phi["train"], y["train"], settings.learning_rate))


def perturbed_steps(settings: Settings) -> NDArray[np.int64]:
    """The steps after which noise is added, shape [S - 1]."""
    last = min(settings.noise_until, settings.iterations) if settings.noise else 0
    return np.arange(settings.noise_every, last + 1, settings.noise_every)


def logged_steps(settings: Settings) -> NDArray[np.int64]:
    """The steps that are measured, sorted, shape [T]: 0, the last, a grid, and around each perturbation."""
    space = np.linspace if settings.log_spacing == "linear" else np.geomspace
    grid = np.rint(space(1, settings.iterations, settings.log_points)).astype(np.int64)
    noisy = perturbed_steps(settings)
    around = np.concatenate([noisy, noisy + 1])
    return np.unique(np.concatenate([[0], grid, around[around <= settings.iterations]]))


def draws(settings: Settings, seed: int) -> tuple[Array, Array]:
    """Initial weights [P] and noise of each perturbation [S - 1, P] of one trial."""
    weights = settings.degree + 1
    bound = 0.0 if settings.init == "zero" else 1 / np.sqrt(weights)
    start = generator(seed, "weights").uniform(-bound, bound, weights)
    walk = generator(seed, "perturbation").normal(0, settings.noise, (len(perturbed_steps(settings)), weights))
    return start, walk


@np.errstate(over="ignore", invalid="ignore")  # a descent that diverges is a result
def trajectory(given: Problem, settings: Settings, steps: NDArray[np.int64], seeds: Sequence[int]) -> Array:
    """Coordinates (see `Descent`) of every trial's weights at every step: shape [M, T, P]."""
    noisy = perturbed_steps(settings)
    drawn = [draws(settings, seed) for seed in seeds]
    current = np.stack([given.descent.coordinates(start) for start, _ in drawn])
    kicks = np.stack([walk @ given.descent.basis for _, walk in drawn])
    between = given.descent.factors(np.diff(noisy, prepend=0).astype(float))
    starts = [current]
    for s in range(len(noisy)):
        current = current * between[s] + kicks[:, s]
        starts.append(current)
    stretch, since = _stretches(noisy, steps)
    return np.stack(starts, axis=1)[:, stretch] * given.descent.factors(since)


def _stretches(noisy: NDArray[np.int64], steps: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
    """For each step [T]: the number of perturbations before it, and the steps since the last one."""
    stretch = np.searchsorted(noisy, steps, side="left")
    return stretch, (steps - np.concatenate([[0], noisy])[stretch]).astype(float)


@np.errstate(over="ignore", invalid="ignore")  # a descent that diverges is a result
def measures(given: Problem, coordinates: Array) -> dict[series.Key, Array]:
    """Mean squared errors, the norm of the weights, and how far their null-space part has moved; [M, T] each."""
    out: dict[series.Key, Array] = {}
    null = coordinates[..., given.descent.rank :]
    for split, phi in given.phi.items():
        offset = phi @ given.descent.solution - given.y[split]
        out[split, "risk", ""] = np.mean((coordinates @ (phi @ given.descent.basis).T + offset) ** 2, axis=-1)
    out["", "norm", ""] = np.linalg.norm(given.descent.weights(coordinates), axis=-1)
    out["", "null_norm", ""] = np.linalg.norm(null - null[:, :1], axis=-1)
    return out


@np.errstate(over="ignore", invalid="ignore")  # a descent that diverges is a result
def expectation(given: Problem, settings: Settings, steps: NDArray[np.int64]) -> dict[series.Key, Array]:
    """What is the same for all repetitions, [T] each: exact expectations, and the number of perturbations so far.

    The squares are expected over initial weights and noise; of norms it is the root. Both are isotropic, so that in the
    eigenbasis the covariance stays diagonal: over T steps it is multiplied by a^2T, and noise adds noise^2.
    """
    noisy = perturbed_steps(settings)
    stretch, since = _stretches(noisy, steps)
    initial = 0.0 if settings.init == "zero" else 1 / (3 * (settings.degree + 1))
    current = np.full(settings.degree + 1, initial)
    starts = [current]
    for factors in given.descent.factors(np.diff(noisy, prepend=0).astype(float)):
        current = current * factors**2 + settings.noise**2
        starts.append(current)
    variance = np.stack(starts)[stretch] * given.descent.factors(since) ** 2
    mean = given.descent.coordinates(np.zeros(settings.degree + 1)) * given.descent.factors(steps.astype(float))
    of_mean = measures(given, mean[None])
    null = (settings.degree + 1 - given.descent.rank) * stretch
    out = {
        (split, "expected_risk", ""): of_mean[split, "risk", ""][0]
        + variance @ np.mean((phi @ given.descent.basis) ** 2, axis=0)
        for split, phi in given.phi.items()
    }
    out["", "expected_norm", ""] = np.sqrt(of_mean["", "norm", ""][0] ** 2 + variance.sum(axis=1))
    out["", "expected_null_norm", ""] = settings.noise * np.sqrt(null)
    out["", "perturbations", ""] = stretch.astype(float)
    return out
