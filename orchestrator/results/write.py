"""Writes results as files on this machine: figures, tables of their points, verdicts, and the report."""

import json
import shlex
from pathlib import Path
from typing import NamedTuple

from orchestrator.results.build import Results, plain
from orchestrator.spec.sweep import Sweep
from tracking.records import layout
from tracking.records.store import Store


class Files(NamedTuple):
    """figures: of each figure its name and the paths of its files, by kind ("png", "svg", "parquet", "csv"). report:
    the path of the HTML page."""

    figures: list[dict[str, str]]
    report: str


def write(results: Results, store: Store) -> Files:
    """Writes everything below figures/<sweep>/: <figure>.png, <figure>.svg, curves.parquet, curves.csv, claims.json and
    report.html. Raises Damaged where rows cannot be read."""
    folder = figure_folder(results.sweep, store)
    tables = _write_points(results, folder)
    figures = [{**entry, **tables} for entry in _draw(results, folder)]
    verdicts = json.dumps(plain(results.verdicts), indent=1, default=str)
    (folder / layout.CLAIMS).write_text(verdicts)
    return Files(figures, _write_report(results, figures, folder))


def figure_folder(sweep: Sweep, store: Store) -> Path:
    """Where the figures of a sweep are, on this machine: below the store, or in the working folder for a remote one."""
    base = Path(store.files.root if store.files.local else ".")
    folder = base / layout.FIGURES / sweep.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _draw(results: Results, folder: Path) -> list[dict[str, str]]:
    from tracking.plotting import curve_figure, panels, surfaces

    sweep, curves = results.sweep, results.curves
    files = [
        {"name": name, **curve_figure.draw(*found, results.about(found.curve.where), folder)}
        for name, found in curves.items()
    ]
    for panel in sweep.panels:
        parts = [curves[name] for name in panel.curves]
        files.append({"name": panel.name, **panels.draw(panel, parts, results.about({}), folder)})
    for surface in sweep.surfaces:
        drawn = surfaces.draw(surface, results.frame, results.about(surface.where), folder)
        files.append({"name": surface.name, **drawn})
    return files


def _write_points(results: Results, folder: Path) -> dict[str, str]:
    """The points of all curves, as Parquet and as CSV; returns the paths by kind."""
    table = results.table
    # A setting may be a word in one trial and a number in another; a Parquet column may not.
    mixed = [c for c in table.columns if table[c].map(type).nunique() > 1]
    paths = {"parquet": folder / layout.CURVES_PARQUET, "csv": folder / layout.CURVES_CSV}
    table.astype(dict.fromkeys(mixed, str)).to_parquet(paths["parquet"])
    table.to_csv(paths["csv"], index=False)
    return {kind: str(path) for kind, path in paths.items()}


def _write_report(results: Results, figures: list[dict[str, str]], folder: Path) -> str:
    from tracking.report.render import About, render

    sweep, path = results.sweep, folder / layout.REPORT
    command = shlex.join(("sweep", "launch", *sweep.asked))
    about = About(sweep.title, sweep.source, sweep.notes, sweep.name, command, sweep.written)
    page = render(about, results.frame, results.records.values(), figures, results.table, results.verdicts)
    path.write_text(page, "utf-8")
    return str(path)
