"""The exponential loss with a ridge, solved exactly: its minimiser turns to the maximum margin as the ridge vanishes.

argmin of sum_n exp(-y_n w.x_n) + ridge |w|^2 (CBMM Memo 90, Section 11.2, equation 24 corrected: see
`workers.theory.linear_classification.ridge_solution`). The approach is only logarithmic in the ridge.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from tracking.common.named_files.plugins import Frozen
from tracking.records.rows import Progress
from workers.interfaces.experiment import Seconds, no_choice, no_layers, no_limit, no_preparation, only_step_0
from workers.theory import series
from workers.theory.linear_classification import gaussian_data, hard_margin, ridge_solution
from workers.trial import Trial


class Settings(Frozen):
    """The data are those of the experiment `linear`."""

    ridge: float = Field(1e-6, gt=0, description="weight lambda of |w|^2 beside the sum over examples")
    examples: int = Field(20, gt=0, description="number of training examples, standard normal, labels +-1 at random")
    inputs: int = Field(50, gt=0, description="dimension of x and of w; there is no bias")
    seed: int = Field(0, ge=0, description="seed of the examples")


MAY_DIFFER: tuple[str, ...] = tuple(Settings.model_fields)
MEASURES = {"norm": ("",), "margin": ("train",), "cosine_max_margin": ("",), "residual": ("",)}
BOUNDS = {"norm": (0, None)}
STEP = "step"
prepare, most_models, engine = no_preparation, no_limit, no_choice


recorded_steps, recorded_layers = only_step_0, no_layers


RATE = 1e9  # operations a second of one core, measured


def cost(settings: Settings) -> float:
    """Floating-point operations: some fifty Newton steps."""
    return 50.0 * settings.examples**3


def seconds(settings: Settings, device: str) -> Seconds:
    """By its operations."""
    return Seconds(cost(settings) / RATE)


def run(trials: Sequence[Trial[Settings]], device: str, resume: dict[str, Any] | None) -> Iterator[Progress]:
    """Milliseconds a trial, without an accelerator. The only step is 0."""
    return series.one_by_one(trials, resume, _solve)


def _solve(trial: Trial[Settings]) -> series.Result:
    return series.at_step_0(trial, measures(trial.settings), "solved")


def measures(settings: Settings) -> dict[series.Key, float]:
    """residual: of the gradient, relative to the ridge's part of it. One number each."""
    x, y = gaussian_data(settings.seed, settings.examples, settings.inputs)
    z = x * y[:, None]
    w, best = ridge_solution(z, settings.ridge), hard_margin(z)
    norm = float(np.linalg.norm(w))
    pull = 2 * settings.ridge * w
    return {
        ("", "norm", ""): norm,
        ("train", "margin", ""): float(np.min(z @ w)) / norm,
        ("", "cosine_max_margin", ""): float(w @ best / norm / np.linalg.norm(best)),
        ("", "residual", ""): float(np.linalg.norm(np.exp(-z @ w) @ z - pull) / np.linalg.norm(pull)),
    }
