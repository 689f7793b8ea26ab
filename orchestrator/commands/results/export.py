"""`sweep export`: the results of a sweep as one file, whose ending says what it is."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.commands.options import WhichStore, WhichSweep
from orchestrator.commands.results.recorded import recorded
from orchestrator.commands.trial.export_weights import export_weights
from orchestrator.results.build import Results
from orchestrator.spec.expand import varied
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import unknown
from tracking.common.text import count_of
from tracking.common.whole_files import replacing

if TYPE_CHECKING:
    import pandas as pd

    from tracking.plotting.kinds.panels import Part

WEIGHTS = ".safetensors"
TABLES = (".csv", ".parquet")
ENDINGS = {
    WEIGHTS: "the trained weights of a trial",
    ".csv": "a sweep's curves, or its rows with --rows",
    ".parquet": "the same",
    ".tex": "a sweep's curves as LaTeX tables",
    ".pdf": "a sweep's figures",
}


class Exported(NamedTuple):
    """What was written where. of: the variant of a sweep, or the id of a trial."""

    of: str
    what: str
    file: Path
    bytes: int


def export(which: WhichSweep, at: WhichStore, file: Path, curve: str | None, rows: bool) -> Exported:
    """Writes what the ending of the file says. curve: this one alone. rows: every measured number, no curves.

    Raises Refused for an ending that nothing is written as, for options that do not go with it, and where the trial,
    the curve or records are missing; Damaged.
    """
    _check(which, file, curve, rows)
    with replacing(Path(os.path.realpath(file))) as (beside,):
        if file.suffix == WEIGHTS:
            of, what = export_weights(at.ledger(), which.spec, beside), "the trained weights"
        else:
            results = recorded(which.read(at), at.existing(), at.root)
            of, what = results.sweep.variant, WRITERS[file.suffix](results, beside, curve, rows)
    return Exported(of, what, file, file.stat().st_size)


def _check(which: WhichSweep, file: Path, curve: str | None, rows: bool) -> None:
    if file.suffix not in ENDINGS:
        known = "; ".join(f"{ending}: {what}" for ending, what in ENDINGS.items())
        raise Refused(f"'{file}' cannot be written: its ending must be one of {known}")
    if not file.absolute().parent.is_dir():
        raise Refused(f"'{file}' cannot be written: there is no folder '{file.absolute().parent}'")
    if rows and (curve or file.suffix not in TABLES):
        raise Refused("--rows writes every measured number as .csv or .parquet, without --curve")
    if file.suffix == WEIGHTS and (curve or which.changed):
        raise Refused(f"{WEIGHTS} holds the weights of one trial, which is given by its id and no other option")


def _csv(results: Results, file: Path, curve: str | None, rows: bool) -> str:
    table, what = _table(results, curve, rows)
    table.to_csv(file, index=False)
    return what


def _parquet(results: Results, file: Path, curve: str | None, rows: bool) -> str:
    table, what = _table(results, curve, rows)
    table.to_parquet(file, index=False)
    return what


def _table(results: Results, curve: str | None, rows: bool) -> "tuple[pd.DataFrame, str]":
    """What is written, and what that is in words."""
    from tracking.plotting import figures

    parts = {} if rows else _parts(results, curve)
    table = with_settings(results) if rows else figures.table([part.table for part in parts.values()])
    return table, count_of(len(table), "row") if rows else f"{count_of(len(table), 'point')} of {_named(parts)}"


def with_settings(results: Results) -> "pd.DataFrame":
    """Every row of the sweep, after the seed and the varied settings of its trial."""
    from tracking.analysis.values import of_one_kind

    trials = results.frame.trials
    names = [name for name in varied(results.sweep) if name in trials and name != "seed"]
    about = trials[["seed", *names]].apply(lambda column: of_one_kind(column))
    rows = results.frame.rows.astype({"trial": str})
    return about.rename_axis("trial").reset_index().merge(rows, on="trial", how="inner")


def _latex(results: Results, file: Path, curve: str | None, rows: bool) -> str:
    from tracking.report import latex

    parts, title = _parts(results, curve), results.sweep.title
    origin = f"{results.sweep.variant}: {results.sweep.command('export')}"
    text = latex.document([(part, f"{part.curve.title or title} ({name})") for name, part in parts.items()], origin)
    file.write_text(text, "utf-8")
    return f"{count_of(len(parts), 'table')} of {_named(parts)}" if len(parts) > 1 else f"a table of {_named(parts)}"


def _figures(results: Results, file: Path, curve: str | None, rows: bool) -> str:
    from tracking.plotting import figures
    from tracking.plotting.save import save_pages

    sweep = results.sweep
    made = figures.makers(results.asked)
    if curve is not None and curve not in made:
        raise Refused(_none(curve, list(made)))
    chosen = made if curve is None else {curve: made[curve]}
    if not chosen:
        raise Refused(f"{sweep.variant} has no figure")
    save_pages(list(chosen.values()), file)
    return count_of(len(chosen), "figure") if len(chosen) > 1 else f"the figure {next(iter(chosen))}"


def _parts(results: Results, curve: str | None) -> "dict[str, Part]":
    """The curves that are asked for."""
    from tracking.plotting.kinds.panels import Part

    if curve is not None and curve not in results.curves:
        raise Refused(_none(curve, list(results.curves)))
    found = results.curves if curve is None else {curve: results.curves[curve]}
    parts = {name: part for name, part in found.items() if isinstance(part, Part)}
    lost = [f"{name}: {part.reason}" for name, part in found.items() if not isinstance(part, Part)]
    if not parts:
        raise Refused("; ".join(["no curve has points", *lost]))
    return parts


def _none(curve: str, known: list[str]) -> str:
    return unknown("curve", curve, known or ["(none)"])


def _named(parts: "Mapping[str, Part]") -> str:
    return f"curve{'s' if len(parts) > 1 else ''} {', '.join(parts)}"


WRITERS = {".csv": _csv, ".parquet": _parquet, ".tex": _latex, ".pdf": _figures}
