"""A name in a sweep file is the name of a Python file: this is the whole lookup."""

import difflib
import functools
import importlib
import pkgutil
from types import ModuleType
from typing import Annotated, Any, Union

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """Settings: immutable, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@functools.cache
def names(folder: str) -> tuple[str, ...]:
    """The names that exist in a folder such as "workers.nets", sorted."""
    package = importlib.import_module(folder)
    return tuple(sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")))


def load(folder: str, name: str) -> ModuleType:
    """The module `name` of `folder`. Raises ValueError naming what exists and the nearest known name."""
    if name not in names(folder):
        raise ValueError(unknown(folder.split(".")[-1], name, names(folder)))
    return importlib.import_module(f"{folder}.{name}")


def unknown(what: str, given: str, known: tuple[str, ...] | list[str]) -> str:
    """'unknown X, did you mean Y? known: all': the one sentence used for every misspelt name."""
    near = difflib.get_close_matches(given, known, n=1)
    hint = f", did you mean '{near[0]}'?" if near else ";"
    return f"unknown {what} '{given}'{hint} known: {', '.join(known)}"


def settings_of(folder: str) -> Any:
    """The union of every file's Settings in a folder, told apart by their `name`."""
    models = tuple(load(folder, name).Settings for name in names(folder))
    return models[0] if len(models) == 1 else Annotated[Union[models], Field(discriminator="name")]  # noqa: UP007
