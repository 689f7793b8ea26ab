"""Eigenvalues of the Hessian of a small deep network where it fits its examples exactly (CBMM Memo 90, Theorem 4).

Where the square loss is zero its Hessian is 2 sum_n grad f_n grad f_n^T: at most one non-zero eigenvalue per example,
none negative, so that most directions are flat (Section 12.3.1). The exponential loss at the same weights keeps the
second derivatives of f: more non-zero eigenvalues than examples, and negative ones (Section 12.3.2). A ridge
lambda |w|^2 lifts every eigenvalue by 2 lambda.

The net is f(x) = W_3 s(W_2 s(W_1 x)), s = softplus so that all derivatives exist, no bias. Beside it are the two cases
that the memo compares it with: one layer, f(x) = s(w x) - 2 (equation 44: at most N non-zero eigenvalues under the
exponential loss, too; the memo says distinct ones), and the deep linear net f(x) = W_3 W_2 W_1 x (equation 46: more).
N examples, D inputs, P weights.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from tracking.common.named_files.plugins import Frozen
from tracking.common.text import count_of
from tracking.records.rows import Progress
from workers.interfaces.experiment import Seconds, no_choice, no_layers, no_limit, no_preparation, not_known
from workers.runtime import lease_watch
from workers.runtime.seeds import generator
from workers.theory import hessian_spectrum, series
from workers.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Net = Callable[[Tensor, Tensor], Tensor]

NOT_ZERO = 1e-9  # eigenvalues are called non-zero above this fraction of the largest


class Settings(Frozen):
    """104 weights and 6 examples by default: overparametrized, as Theorem 4 asks."""

    examples: int = Field(6, gt=0, description="number of examples, standard normal, labels +-1 at random")
    inputs: int = Field(4, gt=0, description="dimension of x")
    width: int = Field(8, gt=0, description="units in each of the two hidden layers")
    net: Literal["softplus", "linear", "one_layer"] = Field(
        "softplus", description="three layers with softplus or without activations, or a single softplus unit"
    )
    loss: Literal["square", "exponential"] = Field("square", description="sum of (f - y)^2, or sum of exp(-y f)")
    ridge: float = Field(0.0, ge=0, description="weight lambda of |w|^2, added to the loss")
    seed: int = Field(0, ge=0, description="seed of the examples and of the initial weights")


MAY_DIFFER: tuple[str, ...] = tuple(Settings.model_fields)
MEASURES = {
    "eigenvalue": ("",),
    "relative_curvature": ("",),
    "risk": ("train",),
    "rank": ("",),
    "zero": ("",),
    "negative": ("",),
    "smallest": ("",),
    "smallest_relative": ("",),
    "examples": ("",),
    "parameters": ("",),
}
BOUNDS = {"relative_curvature": (0, 1), "risk": (0, None), "parameters": (0, None)}
STEP = "step"
prepare, most_models, engine = no_preparation, no_limit, no_choice


recorded_steps, recorded_layers = not_known, no_layers


RATE = 1.3e9  # operations a second of one core, measured


def cost(settings: Settings) -> float:
    """Floating-point operations: a Hessian by automatic differentiation, and its eigenvalues."""
    weights = settings.width * (settings.inputs + settings.width + 1)
    return 20.0 * weights**2 * settings.examples + 10.0 * weights**3


def seconds(settings: Settings, device: str) -> Seconds:
    """By its operations."""
    return Seconds(cost(settings) / RATE)


def run(trials: Sequence[Trial[Settings]], device: str, resume: dict[str, Any] | None) -> Iterator[Progress]:
    """In float64 on the CPU. The step of an `eigenvalue` is its place, 0 for the largest; all else is at step 0."""
    return series.one_by_one(trials, resume, _spectrum)


def _spectrum(trial: Trial[Settings]) -> series.Result:
    measured, spectrum = measures(trial.settings)
    rows, outcome = series.at_step_0(trial, measured, "eigenvalues found")
    both = {("", "eigenvalue", ""): spectrum, ("", "relative_curvature", ""): hessian_spectrum.relative(spectrum)}
    rows += series.rows(trial.id, np.arange(len(spectrum)), both)
    return series.Result(rows, outcome)


def measures(settings: Settings) -> tuple[dict[series.Key, float], series.Array]:
    """What is recorded of one network, and its eigenvalues [P] in descending order.

    risk: sum of squared errors. rank, zero, negative: numbers of non-zero, of zero and of negative
    eigenvalues. smallest: the smallest
    eigenvalue; smallest_relative: divided by the largest absolute one.
    """
    import torch

    x, y, start = problem(settings)
    net = network(settings)
    weights = interpolate(net, x, y, start)

    def loss(w: "Tensor") -> "Tensor":
        f = net(w, x)
        fit = (f - y).square().sum() if settings.loss == "square" else torch.exp(-y * f).sum()
        return fit + settings.ridge * w.square().sum()

    spectrum = hessian_spectrum.spectrum(loss, weights)
    largest = np.abs(spectrum).max()
    values = {
        ("train", "risk", ""): float((net(weights, x) - y).square().sum()),
        ("", "rank", ""): float(np.sum(np.abs(spectrum) > NOT_ZERO * largest)),
        ("", "zero", ""): float(np.sum(np.abs(spectrum) <= NOT_ZERO * largest)),
        ("", "negative", ""): float(np.sum(spectrum < -NOT_ZERO * largest)),
        ("", "smallest", ""): float(spectrum[-1]),
        ("", "smallest_relative", ""): float(spectrum[-1] / largest),
        ("", "examples", ""): float(settings.examples),
        ("", "parameters", ""): float(len(spectrum)),
    }
    return values, spectrum


def problem(settings: Settings) -> tuple["Tensor", "Tensor", "Tensor"]:
    """x [N, D], y [N] and initial weights [P], scaled to the fan-in of their layer."""
    import torch

    data, draw = generator(settings.seed, "hessian data"), generator(settings.seed, "weights")
    x = data.normal(size=(settings.examples, settings.inputs))
    y = data.choice([-1.0, 1.0], size=settings.examples)
    widths = (
        [settings.inputs, 1] if settings.net == "one_layer" else [settings.inputs, settings.width, settings.width, 1]
    )
    shapes = pairwise(widths)
    start = np.concatenate([draw.normal(0, fan_in**-0.5, size=fan_in * fan_out) for fan_in, fan_out in shapes])
    return torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(start)


def network(settings: Settings) -> "Net":
    """The net: from flat weights [P] and x [N, D] to outputs [N]."""
    import torch

    inputs, width = settings.inputs, settings.width
    softplus = torch.nn.functional.softplus

    def one_layer(weights: "Tensor", x: "Tensor") -> "Tensor":
        unit: Tensor = softplus(x @ weights)
        return unit - 2.0

    def deep(weights: "Tensor", x: "Tensor") -> "Tensor":
        first, second, last = weights.split([inputs * width, width * width, width])
        active = softplus if settings.net == "softplus" else torch.nn.Identity()
        hidden: Tensor = active(active(x @ first.view(inputs, width)) @ second.view(width, width))
        outputs: Tensor = hidden @ last
        return outputs

    return one_layer if settings.net == "one_layer" else deep


def interpolate(net: "Net", x: "Tensor", y: "Tensor", weights: "Tensor") -> "Tensor":
    """Weights near the given ones that fit all examples to rounding, by Gauss-Newton steps of least length.

    Raises ArithmeticError where they cannot be reached: more examples than the net can fit.
    """
    import torch

    for _ in range(200):
        lease_watch.look()
        error = y - net(weights, x)
        if float(error.square().sum()) < 1e-28:
            return weights
        rows = torch.autograd.functional.jacobian(lambda w: net(w, x), weights)
        step = torch.linalg.pinv(rows) @ error
        weights = weights + step / max(1.0, float(step.norm()))
    which = count_of(len(y), "example is", "examples are")
    raise ArithmeticError(f"{which} not fitted after 200 Gauss-Newton steps: squared error {error.norm():g}")
