"""Writes results as files on this machine: figures, tables of their points, verdicts, and the report."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.results import drawn
from orchestrator.results.build import Results, plain
from orchestrator.spec.sweep import Sweep
from tracking.common.errors import StorageFailed
from tracking.common.strict_json import strict_json
from tracking.common.whole_files import State, noting, replacing
from tracking.records import layout
from tracking.records.files.local_disk import without_links
from tracking.records.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from tracking.plotting.figures import Figures, NotDrawn


class Files(NamedTuple):
    """figures: of each figure its name and the paths of its files, by kind ("png", "svg", "pdf", "parquet", "csv").
    not_drawn: the figures that are not among them, and why. report: the path of the HTML page, "" where it is not
    written. origin: the digest of what all of it was made from, "" where some could not be made."""

    figures: list[dict[str, str]]
    not_drawn: "tuple[NotDrawn, ...]"
    report: str
    origin: str = ""


def unchanged(results: Results, store: Store) -> Files | None:
    """The files that `write` would write, where they are there and were made from the same; else None. Raises Damaged
    and StorageFailed as `write` does."""
    origin = drawn.origin(results)
    try:
        found = drawn.kept(figure_folder(results.sweep, store), origin)
    except StorageFailed:
        raise
    except OSError:  # `write` says why
        return None
    return Files(found.figures, (), found.report, origin) if found else None


def points(results: Results, figures: list[dict[str, str]]) -> "pd.DataFrame":
    """The points of all curves as they stand beside figures that are `unchanged`: reading a large store takes longer.
    From the records where that file has the cells of heat maps, too, or there is none."""
    import pandas as pd

    if results.sweep.heatmaps or not figures:
        return results.table
    return pd.read_parquet(figures[0]["parquet"])


def write(results: Results, store: Store) -> Files:
    """Writes everything below figures/<variant>/: <figure>.png, .svg and .pdf, curves.parquet, curves.csv, trials.csv,
    claims.json, report.html, and in drawn.json what all of it was made from. A figure that cannot be drawn, or written,
    costs only itself. Raises Damaged and StorageFailed where rows cannot be read, or where a file is a link."""
    from tracking.plotting import figures
    from tracking.report import trials

    sweep = results.sweep
    try:
        folder = figure_folder(sweep, store)
        drawn.forget(folder)
    except StorageFailed:
        raise
    except OSError as error:
        return Files([], (figures.NotDrawn.by(layout.FIGURES, error),), "")
    with noting() as written:
        made = figures.draw(results.asked, folder)
        verdicts = strict_json(plain(results.verdicts), indent=1)
        table = trials.trials(results.frame)
        texts = {layout.CLAIMS: verdicts, layout.TRIALS_CSV: trials.as_csv(table)}
        lost = (*made.failed, *(one for name, text in texts.items() for one in _write_page(folder / name, text)))
        report = folder / layout.REPORT
        unwritten = _write_page(report, _report(results, replace(made, failed=lost), table))
    if lost or unwritten:
        return Files(list(made.files), (*lost, *unwritten), "" if unwritten else str(report))
    origin = drawn.origin(results)
    unnoted = _noted(folder, origin, list(made.files), written)
    return Files(list(made.files), tuple(unnoted), str(report), "" if unnoted else origin)


def _noted(folder: Path, origin: str, files: list[dict[str, str]], written: "Mapping[Path, State]") -> "list[NotDrawn]":
    """Notes what the files were made from; why that could not be written."""
    from tracking.plotting import figures

    try:
        drawn.note(folder, origin, files, written)
    except OSError as error:
        drawn.forget(folder)
        return [figures.NotDrawn.by(layout.DRAWN, error)]
    return []


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


def _write_page(path: Path, text: str) -> "list[NotDrawn]":
    """Writes a text; why it could not be written, where the disk is the reason."""
    from tracking.plotting import figures

    try:
        with replacing(path) as (beside,):
            beside.write_text(text, "utf-8")
    except OSError as error:
        return [figures.NotDrawn.by(path.name, error)]
    return []


def _report(results: Results, figures: "Figures", table: "pd.DataFrame") -> str:
    from tracking.report.render import About, render

    sweep = results.sweep
    about = About(sweep.title, sweep.source, sweep.notes, sweep.variant, sweep.command("launch"), sweep.written)
    records = results.records.values()
    return render(about, results.frame, records, figures, results.verdicts, sweep.claims, table)
