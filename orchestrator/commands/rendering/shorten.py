"""Which points of a curve a terminal shows: a few of each line, or all."""

from typing import TYPE_CHECKING, NamedTuple

from tracking.common.text import count_of

if TYPE_CHECKING:
    import pandas as pd

ROWS = 48  # of a table that is to be read
MOST, FEWEST = 8, 2  # points of a line


class Short(NamedTuple):
    """The rows that are shown, and a sentence on what is left out; "" where nothing is."""

    rows: "pd.DataFrame"
    said: str


def shorten(points: "pd.DataFrame", value: str, full: bool, remedy: str = "--full") -> Short:
    """Of each line its first and last point, those where the column `value` is smallest and largest, and some evenly
    spaced ones between; of very many lines only the first. All of them if `full`. remedy: what shows all of them."""
    import pandas as pd

    lines = [part for _, part in points.groupby("line", sort=False)]
    if full or not lines:
        return Short(points, "")
    most = min(max(ROWS // len(lines), FEWEST), MOST)
    shown = [part.iloc[_places(part[value], most)] for part in lines[: ROWS // FEWEST]]
    rows = pd.concat(shown)
    if len(rows) == len(points):
        return Short(points, "")
    which = f"{len(shown)} of {count_of(len(lines), 'line')}, " if len(shown) < len(lines) else ""
    return Short(rows, f"{which}{len(rows):,} of {count_of(len(points), 'point')}; {remedy} shows all")


def _places(values: "pd.Series[float]", most: int) -> list[int]:
    """The places of at most so many of the values, in their order."""
    import numpy as np

    last = len(values) - 1
    if last < most:
        return list(range(last + 1))
    known = values.to_numpy(float)
    finite = np.flatnonzero(np.isfinite(known))
    extremes = [int(finite[known[finite].argmin()]), int(finite[known[finite].argmax()])] if len(finite) else []
    chosen = list(dict.fromkeys([0, last, *extremes]))[:most]
    evenly = [round(i * last / (most - 1)) for i in range(most)]
    spare = sorted(evenly, key=lambda place: -min(abs(place - other) for other in chosen))
    for place in spare:
        if len(chosen) < most and place not in chosen:
            chosen.append(place)
    return sorted(chosen)
