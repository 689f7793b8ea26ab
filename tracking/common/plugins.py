"""Files found by name: a name in a sweep file is the name of a Python file in the folder of its kind.

A `Kind` is such a folder with the Protocol that each of its files has to fulfil. A file is imported when it is named,
and checked against the Protocol once, when it is loaded first.
"""

import difflib
import functools
import importlib
import pkgutil
from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any, Generic, Protocol, TypeVar, Union, cast, get_args

from pydantic import BaseModel, ConfigDict, Field

from tracking.common.errors import BadPlugin, Refused
from tracking.common.protocols import lacking

P = TypeVar("P", covariant=True)


class Frozen(BaseModel):
    """Settings: immutable, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def identity(self, plain: dict[str, Any]) -> dict[str, Any]:
        """The JSON values that identify the work: `plain`, those of all settings, where a kind of settings says no
        more."""
        return plain


class HasSettings(Protocol):
    """The part of a file that sweep files configure."""

    @property
    def Settings(self) -> type[Frozen]:
        """The keys that a sweep file may set, with their types and defaults."""


@dataclass(frozen=True)
class Kind(Generic[P]):
    """One kind of files that are found by name.

    what: what messages call one, such as "net". folder: the package that holds them, such as "workers.nets".
    protocol: what each of them must have.
    """

    what: str
    folder: str
    protocol: type[P]

    def names(self) -> tuple[str, ...]:
        """The names that exist, sorted. Imports none of the files."""
        return _names(self.folder)

    def known(self, name: str) -> str:
        """The same name. Raises Refused, with the names that exist and the nearest one, where there is no such file."""
        if name not in self.names():
            raise Refused(unknown(self.what, name, self.names()))
        return name

    def find(self, name: str) -> ModuleType:
        """The module of this name, unchecked. Raises Refused where there is none."""
        return importlib.import_module(f"{self.folder}.{self.known(name)}")

    def load(self, name: str) -> P:
        """The module of this name, which fulfils the Protocol.

        Where functions of the Protocol take settings, they take those of this very file. Raises Refused where there is
        no such file, BadPlugin where it lacks something.
        """
        return cast(P, _checked(self, name))

    def about(self, name: str) -> str:
        """What a file is: the first line of its docstring."""
        return (self.find(name).__doc__ or "").strip().partition("\n")[0]


@functools.cache
def _names(folder: str) -> tuple[str, ...]:
    package = importlib.import_module(folder)
    return tuple(sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")))


@functools.cache
def _checked(kind: Kind[Any], name: str) -> ModuleType:
    module = kind.find(name)
    missing = lacking(module, kind.protocol)
    if missing:
        raise BadPlugin(f"{kind.what} '{name}' ({module.__file__}): {'; '.join(missing)}")
    return module


def any_settings(kind: Kind[HasSettings]) -> Any:
    """The type of a field that holds the Settings of any file of a kind, told apart by their `name`.

    Raises BadPlugin where the `name` of some Settings is not the name of its file.
    """
    models = tuple(_named(kind, name) for name in kind.names())
    return models[0] if len(models) == 1 else Annotated[Union[models], Field(discriminator="name")]  # noqa: UP007


def _named(kind: Kind[HasSettings], name: str) -> type[Frozen]:
    model = kind.load(name).Settings
    field = model.model_fields.get("name")
    if field is None or get_args(field.annotation) != (name,) or field.default != name:
        where = f"{kind.what} '{name}' ({kind.find(name).__file__})"
        raise BadPlugin(f'{where}: its Settings must have the field `name: Literal["{name}"] = "{name}"`')
    return model


def unknown(what: str, given: str, known: tuple[str, ...] | list[str]) -> str:
    """'unknown X, did you mean Y? known: all': the one sentence used for every misspelt name."""
    near = difflib.get_close_matches(given, known, n=1)
    hint = f", did you mean '{near[0]}'?" if near else ";"
    return f"unknown {what} '{given}'{hint} known: {', '.join(known)}"
