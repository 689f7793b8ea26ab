"""Settings of one network trained on images: data, architecture, loss, optimizer, epochs, measures."""

from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from tracking.common.named_files.plugins import Frozen, NameOf, any_settings
from workers import user_code
from workers.interfaces.dataset import DataSettings
from workers.interfaces.net import NetSettings
from workers.interfaces.optimizer import OPTIMIZERS, OptimizerSettings
from workers.interfaces.perturbation import PerturbationSettings
from workers.interfaces.until import Until
from workers.plugins import DATASETS, LOSSES, MEASURES, NETS, PERTURBATIONS
from workers.training.evaluations import EvaluateEvery, evaluated

if TYPE_CHECKING:  # of a choice by name, types know what all choices have in common
    AnyData = DataSettings
    AnyNet = NetSettings
    AnyPerturbation = PerturbationSettings
    AnyOptimizer = OptimizerSettings
else:
    AnyData, AnyNet, AnyPerturbation = map(any_settings, (DATASETS, NETS, PERTURBATIONS))
    AnyOptimizer = Annotated[any_settings(OPTIMIZERS), BeforeValidator(lambda given: sgd_by_default(given))]
EQUAL_IN_A_BUNDLE = ("name", "batch_size")  # settings of an optimizer


def sgd_by_default(given: object) -> object:
    """The settings of an optimizer, with the name that is meant where a sweep gives none."""
    return {"name": "sgd", **given} if isinstance(given, dict) else given


def default_optimizer() -> OptimizerSettings:
    """Stochastic gradient descent with its defaults."""
    return OPTIMIZERS.load("sgd").Settings(name="sgd")


class Pretrain(Frozen):
    """Training on corrupted labels before the training that is recorded (memo 90, Section 13; memo 91)."""

    label_noise: float = Field(ge=0, le=1, description="Fraction of the labels redrawn; with 0 nothing is done.")
    epochs: int = Field(gt=0, description="Passes over the training examples, at most.")
    until: Until | None = Field(None, description="Go over to the recorded training early when this is reached.")


class OnImages(Frozen):
    """What all experiments with networks on images have in common."""

    data: AnyData = Field(description="The data set, its training subset and label noise.")
    net: AnyNet = Field(description="The architecture.")


class Settings(OnImages):
    """A network trained on images."""

    loss: Annotated[str, NameOf(LOSSES)] = Field(
        "cross_entropy", description="The loss that is minimised and recorded as risk."
    )
    optimizer: AnyOptimizer = Field(
        default_factory=default_optimizer,
        description="How the loss is minimised.",
        json_schema_extra={"default": {"name": "sgd"}},
    )
    epochs: int = Field(gt=0, description="Passes over the training examples; with gd, steps.")
    evaluate_every: EvaluateEvery = Field(
        1,
        description="Epochs between evaluations, or the epochs: a list, or {log_space: [1, 70], count: 25}. The "
        "initial network and the last epoch are always evaluated.",
    )
    until: Until | None = Field(None, description="Stop a model early when this is reached; the epoch is recorded.")
    pretrain: Pretrain | None = Field(None, description="Training on corrupted labels beforehand, not recorded.")
    perturbation: AnyPerturbation = Field(
        default_factory=lambda: PERTURBATIONS.load("none").Settings(name="none"),
        description="Noise added to the weights while training.",
        json_schema_extra={"default": {"name": "none"}},
    )
    measure: tuple[Annotated[str, NameOf(MEASURES)], ...] = Field(
        ("error", "parameters", "risk"), description="What is measured at every evaluation; parameters always are."
    )
    keep_weights: bool = Field(
        True, description="Whether the trained weights are kept with the records, as float32 numbers."
    )
    precision: Literal["float32", "tf32", "tf32x3", "float64"] = Field(
        "float32",
        description="Of weights, gradients and outputs. On a GPU only: tf32 rounds what it multiplies; tf32x3, for "
        "convnet, makes three such products of each, which is nearly as exact as float32.",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Decides initial weights, subset, label noise and order.")

    def not_identifying(self) -> frozenset[str]:
        """What is measured and kept; and how often, unless something is decided at evaluations."""
        observed = {"measure", "keep_weights"}
        return frozenset(observed if self.acts_at_evaluations else {*observed, "evaluate_every"})

    def may_differ(self) -> tuple[str, ...]:
        """All settings of the optimizer but its batches: a step is given numbers of each model, and no settings."""
        return tuple(f"optimizer.{key}" for key in type(self.optimizer).model_fields if key not in EQUAL_IN_A_BUNDLE)

    def named_modules(self) -> tuple[ModuleType, ...]:
        """That of the loss."""
        return user_code.own(LOSSES, self.loss)

    @property
    def evaluations(self) -> frozenset[int]:
        """The epochs from 1 on at which the models are evaluated."""
        return evaluated(self.evaluate_every, self.epochs)

    def measured_steps(self) -> int | tuple[int, ...]:
        """The epochs between evaluations, or the epochs."""
        return self.evaluate_every if isinstance(self.evaluate_every, int) else tuple(sorted(self.evaluations))

    @property
    def acts_at_evaluations(self) -> bool:
        """Whether the training depends on how often it is evaluated: it may end, go over to the recorded training, or
        be perturbed only where it is. That a model has diverged is seen at evaluations, too, and is no part of this:
        weights that are not finite stay so."""
        waits = self.until or (self.pretrain and self.pretrain.until)
        return bool(waits) or self.perturbation.acts_at_evaluations

    @field_validator("measure")
    @classmethod
    def _sorted(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted({"parameters", *names}))

    @model_validator(mode="after")
    def _batch_norm_has_a_batch(self) -> "Settings":
        size, batch = self.data.train_size, self.optimizer.batch_size
        if self.net.needs_batches and size and batch and size % batch == 1:
            raise ValueError(f"batch norm needs two examples in every batch, got train_size {size}, batch_size {batch}")
        return self
