"""The loss surface about a trained network: slices through it, and the eigenvalues of its Hessian (memo 90, Figure 3).

The memo draws its two landscapes: a square loss with flat valleys, and an exponential one whose valleys slope down
towards infinite weights (Sections 12.3 and 13). Here they are measured. A network is trained as in the experiment
`network`, in float64; then its training loss is taken along two filter-normalised random directions, along the weights
themselves, in the plane of the two directions and in that of weights and second direction; and the ends of the spectrum
of its Hessian. The drawn valleys are surfaces too.

A points of a slice along one direction, P weights, N training examples.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field, field_validator

from tracking.common.named_files.plugins import NameOf
from tracking.records.provenance import About
from tracking.records.rows import Progress, Row
from workers import user_code
from workers.experiments import network
from workers.interfaces.experiment import Seconds, no_limit, not_known
from workers.interfaces.networks.engine import Choice
from workers.interfaces.until import Until
from workers.plugins import LOSSES
from workers.runtime import checkpoint
from workers.theory import series
from workers.training.settings import AnyOptimizer, OnImages, default_optimizer
from workers.training.settings import Settings as TrainingSettings
from workers.trial import Trial

if TYPE_CHECKING:
    from torch import Tensor

    from workers.theory.loss_surface import Surface

MAY_DIFFER: tuple[str, ...] = ()
MEASURES = {
    "alpha": ("",),
    "beta": ("",),
    "loss": ("train",),
    "loss_beside_weights": ("train",),
    "loss_along_first": ("train",),
    "loss_along_second": ("train",),
    "scale": ("",),
    "loss_along_weights": ("train",),
    "slope_along_weights": ("train",),
    "eigenvalue": ("",),
    "relative_curvature": ("",),
    "flat_fraction": ("",),
    "negative_fraction": ("",),
    "parameters": ("",),
    "error": ("train",),
    "risk": ("train",),
}
BOUNDS = {
    "loss": (0, None),
    "loss_beside_weights": (0, None),
    "loss_along_weights": (0, None),
    "relative_curvature": (0, 1),
    "flat_fraction": (0, 1),
    "negative_fraction": (0, 1),
    "parameters": (0, None),
}
STEP = "step"
most_models = no_limit
DENSE = 1500  # networks up to this many weights have their whole spectrum recorded
FORMULAS, SLICE, COLUMN = 1e9, 1.5e-3, 3e-3  # operations a second; seconds of a point, and of a column of a Hessian
EVALUATE_EVERY = 10  # epochs between checks of `until`


class Settings(OnImages):
    """A point of a loss surface and the region around it. A valley uses only radius and points."""

    surface: Literal["network", "quadratic_valley", "exponential_valley"] = Field(
        "network", description="The training loss of a network at the end of its training, or a valley of two weights."
    )
    loss: Annotated[str, NameOf(LOSSES)] = Field(
        "cross_entropy", description="The loss that is minimised and whose surface is measured."
    )
    optimizer: AnyOptimizer = Field(
        default_factory=default_optimizer,
        description="How the loss is minimised.",
        json_schema_extra={"default": {"name": "sgd"}},
    )
    epochs: int = Field(gt=0, description="Passes over the training examples; with gd, steps.")
    until: Until | None = Field(None, description=f"Stop training when this is reached; seen every {EVALUATE_EVERY}.")
    radius: float = Field(1.0, gt=0, description="Slices reach from -radius to radius times the weights' own length.")
    points: int = Field(21, ge=3, description="Points along a direction (odd: the trained weights are one of them).")
    eigenvalues: int = Field(
        20, gt=0, description=f"Largest and smallest eigenvalues that are recorded of more than {DENSE} weights."
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Decides the training, as in network, and the directions.")

    def named_modules(self) -> tuple[ModuleType, ...]:
        """That of the loss."""
        return user_code.own(LOSSES, self.loss)

    @field_validator("points")
    @classmethod
    def _has_a_middle(cls, points: int) -> int:
        if points % 2 == 0:
            raise ValueError(f"points must be odd, so that the trained weights are one of them; got {points}")
        return points


def training(settings: Settings) -> TrainingSettings:
    """The settings of `network` for the training that ends at the point."""
    return TrainingSettings(
        data=settings.data,
        net=settings.net,
        loss=settings.loss,
        optimizer=settings.optimizer,
        epochs=settings.epochs,
        until=settings.until,
        seed=settings.seed,
        precision="float64",
        evaluate_every=EVALUATE_EVERY,
    )


recorded_steps = recorded_layers = not_known


def cost(settings: Settings) -> float:
    """Floating-point operations: training, points^2 forward passes, and Hessian products of two visits each."""
    if settings.surface != "network":
        return 1e3 * settings.points**2
    trained = training(settings)
    visits = settings.points**2 / 3 + 2 * DENSE
    return network.cost(trained) * (1 + visits / settings.epochs)


def seconds(settings: Settings, device: str) -> Seconds:
    """Its training, the slices, and the products with the Hessian, which PyTorch computes."""
    if settings.surface != "network":
        return Seconds(cost(settings) / FORMULAS)
    whole = network.seconds(training(settings), device)
    return Seconds(whole.each + settings.points**2 * SLICE + DENSE * COLUMN, whole.bundle)


def engine(settings: Settings, device: str) -> Choice | None:
    """That of the training."""
    return network.engine(training(settings), device) if settings.surface == "network" else None


def prepare(trials: Sequence[Trial[Settings]]) -> str:
    """As for `network`: fetches the data and checks that the trials fit them."""
    settings = [trial.settings for trial in trials]
    return network.prepare([Trial("network", training(s)) for s in settings if s.surface == "network"])


def run(trials: Sequence[Trial[Settings]], device: str, resume: dict[str, Any] | None) -> Iterator[Progress]:
    """Trains and measures one trial after the other.

    Steps: of an eigenvalue its rank, 0 for the largest; of a slice along one direction the index of alpha; in a plane
    index of alpha + points * index of beta; all else is at step 0. `loss_beside_weights` is the loss at 1 + alpha times
    the weights plus beta times the second direction.
    """
    first = checkpoint.done(resume, len(trials))
    for done, trial in enumerate(trials[first:], first + 1):
        found, about = _measured(trial, device)
        yield Progress(found.outcome.step, found.rows, {trial.id: found.outcome}, partial(dict, done=done), about)


def _measured(trial: Trial[Settings], device: str) -> tuple[series.Result, About]:
    """All rows of one trial, and the provenance of its data."""
    from workers.theory import loss_surface

    settings = trial.settings
    if settings.surface != "network":
        return _looked_at(trial, loss_surface.valley(settings.surface), {}), About()
    surface, last = trained_surface(settings, device)
    (ended,) = last.ended.values()
    if ended.state != "finished":
        return series.Result([], ended), last.about
    trained = {(r.split, r.measure, ""): r.value for r in last.rows if r.split == "train"}
    return _looked_at(trial, surface, trained), last.about


def _looked_at(trial: Trial[Settings], surface: "Surface", trained: dict[series.Key, float]) -> series.Result:
    spectrum, numbers = curvature(surface, trial.settings)
    rows, outcome = series.at_step_0(trial, trained | numbers, "surface measured")
    return series.Result(rows + spectrum_rows(trial, spectrum, len(surface.point)) + _slices(trial, surface), outcome)


def trained_surface(settings: Settings, device: str) -> "tuple[Surface, Progress]":
    """The training loss around the weights at the end of training, and the last progress of that training.

    Weights are laid out one parameter after the other, in the order of the network's own.
    """
    import torch

    from workers.theory.loss_surface import Surface, filter_normalised

    *_, last = network.run([Trial("network", training(settings))], device, None)
    state = last.state()["engine"]
    parts = {name: value[0].to(device, torch.float64) for name, value in state["parameters"].items()}
    buffers = {name: value.to(device, torch.float64) for name, value in state["buffers"].items()}
    ways = [filter_normalised(parts, settings.seed, which) for which in (0, 1)]
    point, first, second = (torch.cat([t.flatten() for t in p.values()]) for p in (parts, *ways))
    shapes = {name: value.shape for name, value in parts.items()}
    return Surface(_training_loss(settings, shapes, buffers, device), point, first, second), last


def _training_loss(
    settings: Settings, shapes: "dict[str, Any]", buffers: "dict[str, Tensor]", device: str
) -> "Callable[[Tensor], Tensor]":
    """Mean loss over the N training examples in evaluation mode, of flat weights [P]; all examples at once."""
    import torch

    from workers.engines.device_data import Resident
    from workers.training.examples.selection import Examples
    from workers.training.networks.module import built, evaluated

    trained = training(settings)
    examples = Examples.of(network.load_images(trained), [trained])
    data, images = Resident.of(examples, device, torch.float64), examples.images
    x, labels = data.part("train", slice(None))
    x = x.permute(0, 1, 4, 2, 3)
    module = built(settings.net, images.train_x.shape[1:], images.classes, settings.seed).to(device, torch.float64)
    of = LOSSES.load(settings.loss)
    sizes = [shape.numel() for shape in shapes.values()]

    def loss(weights: "Tensor") -> "Tensor":
        pieces = zip(shapes.items(), weights.split(sizes), strict=True)
        p = {name: piece.view(1, *shape) for (name, shape), piece in pieces}
        return of.loss(evaluated(settings.net, module, p, buffers, x), labels).mean()

    return loss


def curvature(surface: "Surface", settings: Settings) -> tuple[series.Array, dict[series.Key, float]]:
    """Eigenvalues in descending order, all or those at both ends, and scalar measures of the surface.

    flat_fraction, negative_fraction: of all eigenvalues, where all are known (workers/theory/hessian_spectrum.py).
    """
    from workers.theory import hessian_spectrum as of
    from workers.theory.loss_surface import slope_along_weights

    p, k = len(surface.point), settings.eigenvalues
    numbers = {("", "parameters", ""): float(p), ("train", "slope_along_weights", ""): slope_along_weights(surface)}
    if p > max(DENSE, 2 * k):
        return np.concatenate(of.extremes(surface.loss, surface.point, k, settings.seed)), numbers
    found = of.spectrum(surface.loss, surface.point)
    numbers["", "flat_fraction", ""] = of.flat_fraction(found)
    numbers["", "negative_fraction", ""] = of.negative_fraction(found)
    return found, numbers


def spectrum_rows(trial: Trial[Settings], spectrum: series.Array, parameters: int) -> list[Row]:
    """The step is the rank among all: where only the ends are known, the second half are the last ones of all.

    relative_curvature: the absolute eigenvalue over the largest one (workers/theory/hessian_spectrum.py).
    """
    from workers.theory import hessian_spectrum as of

    rank = np.arange(len(spectrum))
    rank[len(rank) // 2 :] += parameters - len(rank)
    relative = of.relative(spectrum)
    return series.rows(trial.id, rank, {("", "eigenvalue", ""): spectrum, ("", "relative_curvature", ""): relative})


def _slices(trial: Trial[Settings], surface: "Surface") -> list[Row]:
    from workers.theory import loss_surface

    settings = trial.settings
    axis = np.linspace(-settings.radius, settings.radius, settings.points)
    axis[settings.points // 2] = 0.0
    still = np.zeros_like(axis)
    lines: dict[series.Key, series.Array] = {
        ("train", "loss_along_first", ""): loss_surface.plane(surface, axis, still),
        ("train", "loss_along_second", ""): loss_surface.plane(surface, still, axis),
        ("", "scale", ""): 1 + axis,
        ("train", "loss_along_weights", ""): loss_surface.along_weights(surface, 1 + axis),
    }
    beta, alpha = (grid.ravel() for grid in np.meshgrid(axis, axis, indexing="ij"))
    grid: dict[series.Key, series.Array] = {
        ("", "alpha", ""): alpha,
        ("", "beta", ""): beta,
        ("train", "loss", ""): loss_surface.plane(surface, alpha, beta),
        ("train", "loss_beside_weights", ""): loss_surface.plane(replace(surface, first=surface.point), alpha, beta),
    }
    found = series.rows(trial.id, np.arange(len(axis)), lines)
    return found + series.rows(trial.id, np.arange(len(alpha)), grid)
