"""Rows of what is measured of a bundle's networks.

M models.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tracking.common.text import count_of
from tracking.records.rows import Row
from workers.plugins import MEASURES
from workers.training.located import refused

if TYPE_CHECKING:
    from torch import Tensor

    from workers.interfaces.snapshot import Snapshot


def measured(snapshot: Snapshot, measures: Iterable[str], trials: Sequence[str], steps: Sequence[int]) -> list[Row]:
    """The rows of M models: the id and the step of each. A model whose step is negative gets no rows.

    Raises BadPlugin for a measure that yields something else than `Measure.measure` says.
    """
    return [
        Row(trial, step, split, name, layer, value)
        for name in measures
        for split, layer, values in _yielded(name, snapshot)
        for trial, step, value in zip(trials, steps, values.tolist(), strict=True)
        if step >= 0
    ]


def _yielded(name: str, snapshot: Snapshot) -> Iterator[tuple[str, str, Tensor]]:
    """What a measure yields, checked."""
    module = MEASURES.load(name)
    for one in module.measure(snapshot):
        wrong = wrong_yield(one, module.SPLITS, snapshot.models)
        if wrong:
            raise refused(MEASURES, name, wrong, module.measure)
        yield one


def wrong_yield(one: object, splits: tuple[str, ...], models: int) -> str:
    """What is wrong with one thing that a measure yields; "" where nothing is."""
    from torch import Tensor  # whoever plans imports this file without torch

    if not (isinstance(one, tuple) and len(one) == 3):
        got = count_of(len(one), "value") if isinstance(one, tuple) else type(one).__name__
        return f"it yields {got}, expected three: split, layer, values"
    split, layer, values = one
    expected = f"as values of split '{split}', expected a tensor of shape ({models},): a number for each model"
    if not isinstance(values, Tensor):
        return f"it yields {type(values).__name__} {expected}"
    if values.shape != (models,) or values.is_complex():
        return f"it yields a tensor of {values.dtype} of shape {tuple(values.shape)} {expected}"
    if split not in splits or split not in ("train", "test", "") or not isinstance(layer, str):
        known = f'SPLITS says {splits}, of "train", "test" and "", and a layer is a text'
        return f"it yields split {split!r}, layer {layer!r}; {known}"
    return ""
