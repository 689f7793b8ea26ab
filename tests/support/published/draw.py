"""Draws and judges a published sweep from its rows, and keeps pictures, points and verdicts in its folder."""

import json
import shutil
import tempfile
from pathlib import Path

from PIL import Image

from orchestrator.results.build import plain
from orchestrator.results.write import write
from tests.support.published.entries import Entry
from tracking.plotting.save import DPI
from tracking.records import layout
from tracking.records.store import Store

COLOURS = 128
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
            if path.suffix == ".png":
                _keep_picture(path, entry.folder / path.name)
            elif path.name in KEPT and (path.name != layout.CURVES_CSV or path.stat().st_size <= MOST_POINTS):
                shutil.copy(path, entry.folder / path.name)


def _keep_picture(path: Path, to: Path) -> None:
    """Copies a picture in 128 colours of its own, which takes a third of the bytes and looks the same."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(to, optimize=True, dpi=(DPI, DPI))


def verdicts(entry: Entry) -> list[dict[str, object]]:
    """The verdicts as claims.json holds them, judged now."""
    judged: list[dict[str, object]] = json.loads(json.dumps(plain(entry.results().verdicts), default=str))
    return judged
