"""Draws and judges a published sweep from its rows, and keeps pictures, points and verdicts in its folder."""

import json
import shutil
import tempfile
from pathlib import Path

from orchestrator.results.build import plain
from orchestrator.results.write import write
from tests.support.published.entries import Entry
from tracking.records import layout
from tracking.records.store import Store

MOST_POINTS = 250_000  # bytes of curves.csv that are kept: the rows are there in any case
KEPT = (".png", layout.CLAIMS, layout.CURVES_CSV)  # endings; report, SVG and Parquet are made from the rows in seconds


def draw(entry: Entry) -> None:
    """Writes <figure>.png, claims.json and curves.csv. Raises AssertionError where a figure cannot be drawn."""
    for old in (path for path in entry.folder.iterdir() if path.name.endswith(KEPT)):
        old.unlink()
    with tempfile.TemporaryDirectory() as place:
        files = write(entry.results(), Store(place))
        assert not files.not_drawn, files.not_drawn
        made = Path(files.report).parent
        for path in sorted(made.iterdir()):
            if path.name.endswith(KEPT) and (path.name != layout.CURVES_CSV or path.stat().st_size <= MOST_POINTS):
                shutil.copy(path, entry.folder / path.name)


def verdicts(entry: Entry) -> list[dict[str, object]]:
    """The verdicts as claims.json holds them, judged now."""
    judged: list[dict[str, object]] = json.loads(json.dumps(plain(entry.results().verdicts), default=str))
    return judged
