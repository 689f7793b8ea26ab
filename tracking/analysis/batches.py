"""Batches of trials: each is reduced by itself, in this process one after the other, on a cluster by its tasks.

A reduction is a function of one batch; its result holds few numbers, and no rows unless a figure or a claim needs them.
Results are merged in the order of the batches. Batches depend on the trials alone, so that a curve is the same to the
last bit wherever its batches are reduced.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame

T = TypeVar("T")
BATCH = 250_000  # values of each split and layer that are in memory at once, and those of one cell in any case
NEEDED = ("cell", "key", "group", "seed", "state", "step")  # columns of the trials of a batch, where they exist


class Each(Protocol):
    """Applies a function to every batch; yields the results in the order of the batches, and raises what it raises."""

    def __call__(self, reduction: "Callable[[Frame], T]", batches: "Iterable[Frame]") -> Iterator[T]: ...


def in_turn(reduction: "Callable[[Frame], T]", batches: "Iterable[Frame]") -> Iterator[T]:
    """One batch after the other, in this process."""
    return map(reduction, batches)


def batches(frame: "Frame", by: str = "cell") -> "Iterator[Frame]":
    """The trials of some cells after those of others, without their settings; all of those of a cell, or of what the
    column `by` tells apart, together."""
    trials = frame.trials[[name for name in NEEDED if name in frame.trials]]
    cells = (trials["step"].clip(lower=0) + 1).groupby(trials[by], sort=False).sum()
    batch = (cells.cumsum() - cells) // BATCH
    for _, some in trials.groupby(trials[by].map(batch)):
        yield frame.having(some)
