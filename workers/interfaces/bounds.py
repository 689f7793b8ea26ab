"""Reads between which numbers the values of measures lie, as the files of measures and of experiments say it.

Bands and intervals stay within these bounds (`tracking.analysis.statistics.intervals`). They are read without importing
any file, so that curves are drawn where a measure of the user's own, or torch, cannot be imported.
"""

import math
from collections.abc import Iterable
from pathlib import Path

from tracking.common.errors import BadPlugin
from tracking.common.named_files.constants import constant
from workers.interfaces.measure import MEASURES
from workers.trial import EXPERIMENTS

NAME = "BOUNDS"
Ends = tuple[float, float]  # the smallest and the largest possible value, infinite where there is none


def bounds(experiment: str, measures: Iterable[str]) -> dict[str, Ends]:
    """The bounds of the measures that an experiment takes itself, and of these others; those that say some.

    Raises BadPlugin where a file says something else than bounds.
    """
    return {**of_measures(measures), **_of_experiment(experiment)}


def of_measures(names: Iterable[str]) -> dict[str, Ends]:
    """The bounds of the measures of these names. Raises BadPlugin as `bounds` does."""
    places = MEASURES.places()
    found = {name: of_file(places[name][0].path) for name in names if len(places.get(name, ())) == 1}
    return {name: within for name, within in found.items() if within is not None}


def of_file(path: Path) -> Ends | None:
    """The bounds that the file of a measure says; None where it says none. Raises BadPlugin as `bounds` does."""
    said = constant(path, NAME)
    return None if said is None else _checked(path, said)


def _of_experiment(name: str) -> dict[str, Ends]:
    path = EXPERIMENTS.place(name).path
    said = constant(path, NAME)
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise BadPlugin(f"{path}: {NAME} of an experiment must be the bounds of its measures by name, got {said!r}")
    return {str(measure): _checked(path, given) for measure, given in said.items()}


def _checked(path: Path, said: object) -> Ends:
    if isinstance(said, tuple) and len(said) == 2 and all(one is None or type(one) in (int, float) for one in said):
        low, high = (math.inf * sign if one is None else float(one) for one, sign in zip(said, (-1, 1), strict=True))
        if low < high:
            return low, high
    raise BadPlugin(
        f"{path}: {NAME} must be the smallest and the largest possible value, such as (0, None) or (0, 1), got {said!r}"
    )
