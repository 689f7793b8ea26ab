"""Minimum-norm fits of polynomials of growing degree (CBMM Memo 90, Figure 6): does more capacity overfit?

w = Phi^+ y for y = sin(2 pi f x) at 76 points. A trial is one degree. Which solution float64 returns at high degree is
set by the cut-off of the pseudo-inverse; `precision` in decimal digits gives the true one (theory/minimum_norm.py).
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from tracking.common.named_files.plugins import Frozen
from tracking.records.rows import Progress
from workers.interfaces.experiment import Seconds, no_choice, no_layers, no_limit, no_preparation, only_step_0
from workers.theory import series
from workers.theory.polynomials import Basis, Nodes
from workers.trial import Trial


class Settings(Frozen):
    """The defaults are the memo's figure at its last degree, with the cut-off of the authors' Matlab code."""

    degree: int = Field(300, ge=0, description="degree of the polynomial; there are degree + 1 weights and no bias")
    basis: Basis = Field("monomial", description="polynomials that make up the features")
    nodes: Nodes = Field("chebyshev", description="rule of the training points: true Chebyshev, or the authors'")
    train_points: int = Field(76, gt=0, description="number N of training points; the authors' rule has N + 1")
    test_points: int = Field(600, ge=2, description="number of test points, equally spaced, both ends included")
    frequency: float = Field(4.0, description="frequency f of the target sin(2 pi f x), in periods per unit of x")
    cutoff: Literal["matlab"] | Annotated[float, Field(gt=0, lt=1)] = Field(
        "matlab", description="singular values below this fraction of the largest count as 0; float64 only"
    )
    precision: Literal["float64"] | Annotated[int, Field(ge=16)] = Field(
        "float64", description="float64, or a number of decimal digits, which need no cut-off"
    )
    seed: int = Field(0, ge=0, description="unused: nothing is random")


MAY_DIFFER: tuple[str, ...] = tuple(name for name in Settings.model_fields if name != "precision")
MEASURES = {"risk": ("train", "test"), "norm": ("",), "rank": ("",), "parameters": ("",)}
BOUNDS = {"risk": (0, None), "norm": (0, None), "parameters": (0, None)}
STEP = "step"
prepare, most_models, engine = no_preparation, no_limit, no_choice
DIGIT_COST = 150.0  # a product in many digits takes as long as about this many in float64


recorded_steps, recorded_layers = only_step_0, no_layers


RATE = 5e8  # operations a second of one core, measured


def cost(settings: Settings) -> float:
    """Floating-point operations: the decomposition of B x P features, and predictions at the test points."""
    features, points = settings.degree + 1, settings.train_points
    decomposition = 4.0 * features * points * min(features, points) + 2.0 * features * settings.test_points
    return decomposition if settings.precision == "float64" else DIGIT_COST * decomposition / 4


def seconds(settings: Settings, device: str) -> Seconds:
    """By its operations."""
    return Seconds(cost(settings) / RATE)


def run(trials: Sequence[Trial[Settings]], device: str, resume: dict[str, Any] | None) -> Iterator[Progress]:
    """Milliseconds a trial in float64, up to 0.2 s in 120 digits, without an accelerator. The only step is 0."""
    return series.one_by_one(trials, resume, _fit)


def _fit(trial: Trial[Settings]) -> series.Result:
    return series.at_step_0(trial, measures(trial.settings), "fitted")


def measures(settings: Settings) -> dict[series.Key, float]:
    """What is recorded of one fit, one number each. Raises ValueError where `precision` has too few digits."""
    from workers.theory.minimum_norm import Task, exact_fit, float64_fit

    extra = 1 if settings.nodes == "authors" else 0
    points = (settings.train_points, extra, settings.test_points)
    task = Task(settings.degree, settings.basis, settings.nodes, *points, settings.frequency)
    exact = settings.precision != "float64"
    fit = exact_fit(task, int(settings.precision)) if exact else float64_fit(task, settings.cutoff)
    return {
        ("train", "risk", ""): fit.train_risk,
        ("test", "risk", ""): fit.test_risk,
        ("", "norm", ""): fit.norm,
        ("", "rank", ""): fit.rank,
        ("", "parameters", ""): settings.degree + 1,
    }
