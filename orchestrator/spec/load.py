"""Reads a sweep file: finds it, parses it, applies what changes it. Every error has its line."""

import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrator.spec import expand, form
from orchestrator.spec.apply_changes import apply_changes
from orchestrator.spec.checks import grids as grid_checks
from orchestrator.spec.checks import sections
from orchestrator.spec.checks.problems import Problems
from orchestrator.spec.checks.trial_problems import fixed_alone
from orchestrator.spec.file_model import File
from orchestrator.spec.form import Draft
from orchestrator.spec.grids.grid import Grid
from orchestrator.spec.grids.merge_grids import merged
from orchestrator.spec.grids.written_values import WrittenValues
from orchestrator.spec.sweep import Sweep
from orchestrator.spec.variant import Changes, split, variant
from orchestrator.spec.yaml_source import Source, parse
from tracking.common.errors import BadSweep
from tracking.common.named_files.plugins import unknown
from tracking.common.named_files.user_files import NONE, UserFiles
from tracking.common.program_sources import shipped_sweeps

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
ENDINGS = (".yaml", ".yml")
NAMING = "a sweep is named by its file: at most 64 of a-z 0-9 . _ - and first a letter or digit"


class _Found(NamedTuple):
    """A sweep file: its content, the sweep's name, its path as given, its absolute path ("" of a shipped one), and the
    Python files beside it."""

    content: bytes
    name: str
    path: str
    file: str
    files: UserFiles


def shipped_names() -> list[str]:
    """The names of the sweeps that come with this program."""
    return sorted(shipped_sweeps())


def read(spec: str, profile: str | None = None, overrides: Sequence[str] = (), seeds: int | None = None) -> Sweep:
    """Reads a sweep file, or the shipped sweep of that name; what changes it may also follow its name, as in a variant:
    "fig2@laptop", "mine.yaml@epochs=5".

    overrides: "key=value" of fixed settings. seeds: how many seeds there are, instead of the file's number. Raises
    BadSweep with everything that is wrong with it.
    """
    file, changes = split(spec, profile, overrides, seeds)
    found = _find(file)
    with found.files.active():
        return _read(found, changes, (file, *changes.arguments()))


def read_text(text: str, name: str, file: str, files: UserFiles, changes: Changes) -> Sweep:
    """Reads the text of the sweep of this name. file: where it lay when it was launched, "" of a shipped sweep. files:
    the Python files beside it. Raises BadSweep."""
    found = _Found(text.encode(), name, file or f"{name}.yaml", file, files)
    with files.active():
        return _read(found, changes, (name, *changes.arguments()))


def is_file(spec: str) -> bool:
    """Whether this names a file, and not a sweep that comes with this program."""
    return spec.endswith(ENDINGS) or "/" in spec


def _read(found: _Found, changes: Changes, asked: tuple[str, ...]) -> Sweep:
    source = parse(found.content, found.path)
    problems, of_trials = Problems(source.problems), Problems(source.problems)
    base = draft = form.draft(source, problems)
    problems.extend(sections.of_profiles(source, base.file))
    of_trials.extend(sections.of_trials(source, base.file))  # before a profile hides what is wrong
    if not problems and not of_trials:
        apply_changes(source, base.file, changes)
        draft = form.draft(source, problems)
        of_trials.extend(sections.of_trials(source, draft.file))
    problems.extend(sections.drawn_once(source, draft.file))
    problems.extend(sections.plotted_claims(source, draft.file, draft.without))
    grids, written = _grids(source, base.file, draft, of_trials)
    sweep = Sweep(
        **{key: getattr(draft.file, key) for key in ("title", "source", "notes", "experiment", "measure")},
        **{key: getattr(draft.file, key) for key in form.ITEMS},
        grids=grids, written_values=written, name=found.name, path=found.path, file=found.file,
        profiles=tuple(draft.file.profiles), text=source, written=found.content.decode(), asked=asked, changes=changes,
        files=found.files, variant=variant(found.name, changes),
    )  # fmt: skip
    if source.problems or problems or of_trials:
        problems.extend(of_trials)
        if not grids and draft.decides_trials:
            problems.extend(fixed_alone(sweep, draft.file.fixed))
        expand.find_problems(sweep, problems, draft.without)
        whole = Problems()
        whole.extend([*source.problems, *problems])
        whole.refuse()
    return sweep


def _grids(source: Source, base: File, draft: Draft, problems: Problems) -> tuple[list[Grid], WrittenValues]:
    """The grids of a file, and the values in them and in the file without a profile. No grids where any is wrong."""
    if problems or not draft.decides_trials:
        return [], WrittenValues([])
    grids, before = merged(draft.file), merged(base)
    values = WrittenValues([*grids, *before])
    problems.extend(grid_checks.check(source, draft.file, grids, values))
    problems.extend(grid_checks.replaced(source, base, before))
    return ([] if problems else grids), values


def _find(spec: str) -> _Found:
    if not is_file(spec):
        if spec not in shipped_names():
            here = next((f"{spec}{end}" for end in ENDINGS if os.path.isfile(f"{spec}{end}")), "")
            hint = f"for the file of this folder, write {here}" if here else "or give the path of a .yaml file"
            raise BadSweep([f"{unknown('sweep', spec, shipped_names())}; {hint}"])
        content = shipped_sweeps()[spec].read_bytes()
        return _Found(content, spec, f"{spec}.yaml", "", NONE)
    path = Path(spec)
    if not NAME.fullmatch(path.stem):
        raise BadSweep([f"{spec}: {NAMING}, got '{path.stem}'; rename the file"])
    try:
        return _Found(path.read_bytes(), path.stem, spec, os.path.abspath(path), UserFiles.beside(path))
    except OSError as error:
        there = os.listdir(path.parent) if os.path.isdir(path.parent) else []
        near = difflib.get_close_matches(path.name, [name for name in there if name.endswith(ENDINGS)], n=1)
        hint = f", did you mean '{path.with_name(near[0])}'?" if near else ";"
        what = f"{spec}: {(error.strerror or str(error)).lower()}{hint} shipped sweeps: {', '.join(shipped_names())}"
        raise BadSweep([what]) from error
