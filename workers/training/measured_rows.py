"""Rows of what is measured of a bundle's networks.

M models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tracking.records.rows import Row
from workers.plugins import MEASURES

if TYPE_CHECKING:
    from workers.interfaces.snapshot import Snapshot


def measured(snapshot: Snapshot, measures: Iterable[str], trials: Sequence[str], steps: Sequence[int]) -> list[Row]:
    """The rows of M models: the id and the step of each. A model whose step is negative gets no rows."""
    return [
        Row(trial, step, split, name, layer, value)
        for name in measures
        for split, layer, values in MEASURES.load(name).measure(snapshot)
        for trial, step, value in zip(trials, steps, values.tolist(), strict=True)
        if step >= 0
    ]
