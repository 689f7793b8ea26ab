"""Batches of trials: each is reduced by itself, in this process one after the other, on a cluster by its tasks.

What a batch is reduced to has few numbers, and no rows unless a figure or a claim needs them. Results are merged in the
order of the batches. Batches depend on the trials alone, so that a curve is the same to the last bit wherever they are
reduced.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

BATCH = 500_000  # values of each split and layer that are in memory at once, and those of one cell in any case
NEEDED = ("key", "group", "seed", "state", "step")  # first words of the columns of a batch's trials


def batches(trials: "pd.DataFrame", by: str) -> "Iterator[pd.DataFrame]":
    """The trials of some cells after those of others, without their settings; all of those of a cell, or of what the
    column `by` tells apart, together."""
    needed = trials[[name for name in trials if str(name).split(" ")[0] in NEEDED]]
    cells = (needed["step"].clip(lower=0) + 1).groupby(trials[by], sort=False).sum()
    batch = (cells.cumsum() - cells) // BATCH
    for _, some in needed.groupby(trials[by].map(batch)):
        yield some
