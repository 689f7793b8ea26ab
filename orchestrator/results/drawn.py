"""Notes beside figures and report what they were made from, so that they are not made again from the same."""

import functools
import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.results.build import Results, plain
from tracking.common import program_sources, versions
from tracking.common.whole_files import State, replacing, state_of
from tracking.records import layout

DRAWING = ("matplotlib", "numpy", "pandas", "pyarrow", "jinja2")  # packages that decide how files look
PAGE = program_sources.PROGRAM / "tracking" / "report"  # its template, styles and scripts are no Python


class Kept(NamedTuple):
    """Files that are as they were written. figures: as in `Files`. report: the path of the HTML page."""

    figures: list[dict[str, str]]
    report: str


class _Note(BaseModel):
    """origin: as `origin` gives it. figures: the names of the files of each, by kind. files: of each file its size, and
    when it was written."""

    model_config = ConfigDict(strict=True, extra="forbid")
    origin: str
    figures: list[dict[str, str]]
    files: dict[str, State]


def origin(results: Results) -> str:
    """A digest of all that figures and report depend on: the sweep, its records, the verdicts, the code."""
    sweep = results.sweep
    asked = [sweep.written, sweep.asked, sweep.variant]
    total = hashlib.sha256(json.dumps([asked, plain(results.verdicts), _code()], default=str).encode())
    for line in _recorded(results):
        total.update(line.encode())
    return total.hexdigest()


def _recorded(results: Results) -> Iterator[str]:
    """Which trials there are, where what is recorded of them stands, and which versions of the manifests these are; and
    in which states they are, which says whether a launch still works on those that were begun."""
    infos = {info.name: info for info in results.ledger.files}
    for trial in results.trials:
        record = results.records.get(trial.id)
        yield f"{trial.id} {record.bundle if record else ''} {record.beside if record else ''}\n"
    for bundle in sorted({bundle for record in results.records.values() for bundle in record.bundles}):
        yield f"{infos[layout.manifest(bundle)]}\n"
    yield " ".join(results.frame.trials["state"])


@functools.cache
def _code() -> list[str]:
    """This program and the packages that it draws with."""
    python = (*program_sources.SOURCES, ".pyc")
    page = sorted(path for path in PAGE.rglob("*") if path.is_file() and path.suffix not in python)
    code = program_sources.digest([*program_sources.sources(), *page])
    return [code, platform.python_version(), *versions.of(DRAWING).values()]


def note(folder: Path, origin: str, figures: list[dict[str, str]], written: Mapping[Path, State]) -> None:
    """Notes what all files were written from. figures: as in `Files`. written: all files, as they were written: where
    another process has replaced one meanwhile, it may have been made from something else."""
    names = [{kind: Path(text).name for kind, text in one.items()} for one in figures]
    files = {path.name: state for path, state in written.items()}
    with replacing(folder / layout.DRAWN) as (beside,):
        beside.write_text(_Note(origin=origin, figures=names, files=files).model_dump_json(), "utf-8")


def forget(folder: Path) -> None:
    """Before files are written: they may be left in part."""
    (folder / layout.DRAWN).unlink(missing_ok=True)


def kept(folder: Path, origin: str) -> Kept | None:
    """The files in a folder where they were made from this, and are there as they were written; else None."""
    try:
        found = _Note.model_validate_json((folder / layout.DRAWN).read_bytes())
        if found.origin != origin or any(state_of(folder / name) != state for name, state in found.files.items()):
            return None
    except (OSError, ValidationError):
        return None
    figures = [{kind: v if kind == "name" else str(folder / v) for kind, v in one.items()} for one in found.figures]
    return Kept(figures, str(folder / layout.REPORT))
