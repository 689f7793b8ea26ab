"""What trains a bundle: the examples of every model, the interface of an engine, and the choice of one.

M models, N training examples of a model, T test examples, B examples of a batch, C classes.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from workers import images as data
from workers.images import Images

if TYPE_CHECKING:
    from torch import Tensor

    from workers.experiments.network import Settings


ENGINES = ("reference", "fused", "batched")


@dataclass(frozen=True)
class Examples:
    """Which images each model trains on, and with which labels: index and labels (M, N), N equal for all models."""

    images: Images
    index: NDArray[np.int64]
    labels: NDArray[np.int64]

    @staticmethod
    def of(images: Images, bundle: "list[Settings]") -> "Examples":
        """Subset and label noise are drawn from each model's own seed."""
        index, labels = [], []
        for s in bundle:
            chosen = data.subset(images.train_y, s.data.train_size, s.seed)
            noisy = data.noisy(images.train_y, s.data.label_noise, images.classes, s.seed)
            index.append(chosen)
            labels.append(noisy[chosen])
        return Examples(images, np.stack(index), np.stack(labels))


class Engine(Protocol):
    """Trains M models of one shape as one computation. Every implementation agrees with `reference` to tolerance."""

    def epoch(self, order: NDArray[np.int64], active: NDArray[np.bool_]) -> None:
        """One pass over the training examples: order (M, N) are positions in each model's own examples, cut into
        batches. Models that are not active stay exactly as they are."""

    def totals(self, split: str) -> "tuple[Tensor, Tensor]":
        """Mean error and mean loss over the whole split in evaluation mode: two (M,) float64 tensors, exact sums."""

    def outputs(self, split: str) -> "tuple[Tensor, Tensor]":
        """Outputs (M, N or T, C) in evaluation mode, and labels (M, N or T)."""

    def parameters(self) -> "dict[str, Tensor]":
        """Parameters by name, each (M, ...)."""

    def state(self) -> dict[str, Any]:
        """Everything needed to go on: parameters, momentum and running statistics, as CPU tensors."""

    def load(self, state: dict[str, Any]) -> None:
        """Takes over what `state` returned, here or in another engine."""


def choose(bundle: "list[Settings]", examples: Examples, device: str) -> Engine:
    """The fastest engine there is for this bundle on this device. Results agree to tolerance, not bitwise.

    $SWEEP_ENGINE=reference keeps to the reference engine, for comparisons; =batched takes the engine for GPUs on a CPU,
    too. Raises ValueError for another value, and where the device has not the precision asked for.
    """
    from workers import batched, fused, reference
    from workers.device import prepare

    wanted = os.environ.get("SWEEP_ENGINE") or ("fused" if device == "cpu" else "batched")
    if wanted not in ENGINES:
        raise ValueError(f"SWEEP_ENGINE must be one of {', '.join(ENGINES)}, got '{wanted}'; leave it out to choose")
    prepare(device, bundle[0].precision)
    if wanted == "batched" and batched.supports(bundle, examples):
        return batched.Batched(bundle, examples, device)
    if wanted == "fused" and device == "cpu" and fused.supports(bundle, examples):
        return fused.Fused(bundle, examples)
    return reference.Reference(bundle, examples, device)
