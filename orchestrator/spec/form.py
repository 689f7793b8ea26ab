"""A sweep file whose form has been checked: without what has the wrong form, so that the rest can be checked, too."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from orchestrator.spec import messages
from orchestrator.spec.checks.problems import Problems
from orchestrator.spec.file_model import File
from orchestrator.spec.yaml_source import Path, Source
from tracking.common.errors import BadSweep

ITEMS = (
    "curves",
    "heatmaps",
    "panels",
    "surfaces",
    "claim_plots",
    "claims",
)  # lists of what is drawn and judged: no trial depends on them


@dataclass(frozen=True)
class Draft:
    """What has the right form. without: the paths of the parts that were left out."""

    file: File
    without: frozenset[Path] = frozenset()

    @property
    def decides_trials(self) -> bool:
        """Whether all is there that decides what trials there are."""
        others = (*ITEMS, "title", "source", "notes", "profiles")
        return bool(self.file.experiment) and all(path[0] in others for path in self.without if path)


def draft(source: Source, problems: Problems) -> Draft:
    """Checks the form of a file, and adds what is wrong with it. Raises BadSweep where too little is left to go on."""
    raw = source.value
    if raw is None:
        what = "the file is empty; write title, experiment, fixed, vary, ... (`sweep list`: examples)"
        raise BadSweep([source.at((), what)])
    if not isinstance(raw, dict):
        what = f"expected keys at the top (title: ..., experiment: ...), got {messages.given(raw)}"
        raise BadSweep([source.at((), what)])
    try:
        return Draft(_file(raw))
    except ValidationError as error:
        found = messages.explain(error, File)
        problems.extend(source.at(p.path, p.message + _where_settings_belong(p)) for p in found)
        without = frozenset(_part(problem.path) for problem in found)
    try:
        return Draft(_file(_less(raw, without)), without)
    except ValidationError:
        problems.refuse()
        raise


def _file(raw: dict[str, JsonValue]) -> File:
    return File.model_validate_json(json.dumps(raw), strict=True)


def _part(path: Path) -> Path:
    """The part of a file that is left out where something in it is wrong: an item of a list, a profile, a section."""
    return path[: 2 if path and path[0] in (*ITEMS, "profiles") else 1]


def _less(raw: dict[str, JsonValue], without: Iterable[Path]) -> dict[str, JsonValue]:
    """The file without some of its parts, with an empty title and an unknown experiment where these are wrong."""
    left: dict[str, JsonValue] = {"title": "", "experiment": ""}
    gone = set(without)
    for section, value in raw.items():
        if (section,) in gone:
            continue
        if isinstance(value, list) and section in ITEMS:
            left[section] = [item for i, item in enumerate(value) if (section, i) not in gone]
        elif isinstance(value, dict) and section == "profiles":
            left[section] = {name: part for name, part in value.items() if (section, name) not in gone}
        else:
            left[section] = value
    return left


def _where_settings_belong(problem: messages.Problem) -> str:
    lost = problem.kind == "extra_forbidden" and len(problem.path) == 1 and "did you mean" not in problem.message
    return "; settings of the trials belong under 'fixed' or 'vary'" if lost else ""
