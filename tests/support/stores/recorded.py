"""What rows hold, for comparison with what is declared."""

from collections.abc import Iterable

from tracking.records.rows import Row


def splits(rows: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """The splits of each measure, in the order of the rows."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        found.setdefault(row.measure, {})[row.split] = None
    return {measure: tuple(of) for measure, of in found.items()}
