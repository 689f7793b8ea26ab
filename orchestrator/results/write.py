"""Writes results as files on this machine: figures, tables of their points, verdicts, and the report."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.results.build import Results, plain
from orchestrator.spec.sweep import Sweep
from tracking.records import layout
from tracking.records.local_disk import without_links
from tracking.records.store import Store

if TYPE_CHECKING:
    from tracking.plotting.figures import Figures, NotDrawn


class Files(NamedTuple):
    """figures: of each figure its name and the paths of its files, by kind ("png", "svg", "pdf", "parquet", "csv").
    not_drawn: the figures that are not among them, and why. report: the path of the HTML page."""

    figures: list[dict[str, str]]
    not_drawn: "tuple[NotDrawn, ...]"
    report: str


def write(results: Results, store: Store) -> Files:
    """Writes everything below figures/<variant>/: <figure>.png, .svg and .pdf, curves.parquet, curves.csv, claims.json
    and report.html. A figure that cannot be drawn costs only itself. Raises Damaged where rows cannot be read."""
    from tracking.plotting import figures

    sweep, folder = results.sweep, figure_folder(results.sweep, store)
    drawn = figures.draw(
        results.curves, results.heatmaps, sweep.panels, sweep.surfaces, results.frame, results.caption, folder
    )
    verdicts = json.dumps(plain(results.verdicts), indent=1, default=str)
    (folder / layout.CLAIMS).write_text(verdicts)
    return Files(list(drawn.files), drawn.failed, _write_report(results, drawn, folder))


def figure_folder(sweep: Sweep, store: Store) -> Path:
    """Where the figures of a sweep are, on this machine: below the store, or in the working folder for a remote one.

    Raises StorageFailed where it or a file in it is a link: libraries would write to where it leads."""
    base = Path(store.files.root if store.files.local else ".")
    folder = without_links(base, layout.FIGURES, sweep.variant)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.suffix in layout.FIGURE_FILES:
            without_links(folder, path.name)
    return folder


def _write_report(results: Results, figures: "Figures", folder: Path) -> str:
    from tracking.report.render import About, render

    sweep, path = results.sweep, folder / layout.REPORT
    about = About(sweep.title, sweep.source, sweep.notes, sweep.variant, sweep.command("launch"), sweep.written)
    page = render(about, results.frame, results.records.values(), figures, results.verdicts)
    path.write_text(page, "utf-8")
    return str(path)
