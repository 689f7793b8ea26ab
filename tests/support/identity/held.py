"""The tables of defaults and of ids, which tests hold: `python -m tests.support.identity.held` writes them anew.

defaults.json: the default of every key of every experiment, since ids leave out what equals its default. ids.json: some
trials with their ids. Both have the version of ids that they were written for. With the same version, entries may be
added, and keys that no longer exist go; nothing else may change.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tests.support.checkout import ROOT
from tracking.common.named_files.plugins import Frozen, kind_of, settings_of
from workers.identity import REQUIRED, defaults, determining
from workers.plugins import EXPERIMENTS
from workers.trial import SCHEMA_VERSION, Trial

FOLDER = ROOT / "tests/support/identity"
DEFAULTS, IDS = FOLDER / "defaults.json", FOLDER / "ids.json"
REMEDY = (
    "recorded trials would be taken for other work: raise SCHEMA_VERSION in workers/trial.py (records of before are "
    "then said to be old and run again), or keep the old meaning; then run `python -m tests.support.identity.held`"
)

Table = dict[str, Any]


def defaults_now() -> Table:
    """Every key of every experiment, dotted, with the name of a file where it belongs to one, and its default."""
    found: Table = {}
    for name in EXPERIMENTS.shipped():
        found |= _of(EXPERIMENTS.load(name).Settings, f"{name}: ")
    return found


def _of(model: type[BaseModel], prefix: str) -> Table:
    found: Table = {}
    for key, default in defaults(model).items():
        field = model.model_fields[key]
        found[f"{prefix}{key}"] = "required" if default is REQUIRED else {"default": _reduced(field, default)}
        for name, part in _parts(field.annotation, field.metadata):
            found |= _of(part, f"{prefix}{key}{name}.")
    return found


def _reduced(field: FieldInfo, default: Any) -> Any:
    """The default without the parts of it that are themselves defaults: those may be added to."""
    whole = field.get_default(call_default_factory=True)
    return determining(whole, default) if isinstance(whole, Frozen) else default


def _parts(annotation: object, metadata: Sequence[object] = ()) -> Iterator[tuple[str, type[BaseModel]]]:
    """The models in a type, such as `Until | None`; those of files with "=" and the file's name before them."""
    kind = kind_of(metadata)
    if kind:
        yield from ((f"={name}", settings_of(kind, name)) for name in kind.shipped())
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "", annotation
    elif get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from _parts(inner, more)
    else:
        for argument in get_args(annotation):
            yield from _parts(argument)


def read(file: Path) -> Table:
    content: Table = json.loads(file.read_text())
    return content


def ids_now() -> list[Table]:
    """The trials of the table with the ids that they have now."""
    return [{**one, **_ids(one["experiment"], one["settings"])} for one in read(IDS)["ids"]]


def _ids(experiment: str, settings: dict[str, Any]) -> dict[str, str]:
    trial = Trial.of(experiment, settings)
    return {"id": trial.id, "cell": trial.cell}


def changed_defaults() -> dict[str, tuple[Any, Any]]:
    """The keys whose default is another than in the table: before, now."""
    before, now = read(DEFAULTS)["defaults"], defaults_now()
    return {key: (before[key], now[key]) for key in before.keys() & now.keys() if before[key] != now[key]}


def write() -> None:
    """Writes both tables. Refuses changes of what is there while the version of ids is the same."""
    if read(IDS)["schema"] == SCHEMA_VERSION and (changed_defaults() or ids_now() != read(IDS)["ids"]):
        raise SystemExit(f"{changed_defaults() or 'ids have changed'}: {REMEDY}")
    named, listed = defaults_now(), ids_now()
    _write(DEFAULTS, "defaults", "{}", [f"{json.dumps(key)}: {json.dumps(named[key])}" for key in sorted(named)])
    _write(IDS, "ids", "[]", [json.dumps(one, sort_keys=True) for one in listed])


def _write(file: Path, key: str, brackets: str, entries: list[str]) -> None:
    """One entry a line, so that a difference shows which."""
    lines = ",\n  ".join(entries)
    file.write_text(f'{{"schema": {SCHEMA_VERSION}, "{key}": {brackets[0]}\n  {lines}\n{brackets[1]}}}\n')


if __name__ == "__main__":
    write()
