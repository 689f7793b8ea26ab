"""Files found by name: a name in a sweep file is the name of a Python file in the folder of its kind.

A `Kind` is such a folder with the Protocol that each of its files has to fulfil. The folder of this program is looked
into first, then the folder of the same name beside the sweep file, then those of installed packages
(`tracking.common.named_files.lookup`). A file is imported when it is named, and checked against the Protocol once,
when it is loaded first.
"""

import contextlib
import difflib
import functools
import inspect
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any, Generic, Literal, Protocol, TypeVar, cast, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, SchemaValidator, core_schema

from tracking.common.errors import BadPlugin, Refused
from tracking.common.named_files import docstrings, lookup
from tracking.common.named_files.lookup import Place, Table
from tracking.common.named_files.protocols import lacking
from tracking.common.named_files.user_files import current

P = TypeVar("P", covariant=True)
UNKNOWN_NAME, MISSING_NAME = "unknown_name", "missing_name"  # errors of validation: their text is complete


class Frozen(BaseModel):
    """Settings: immutable, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def not_identifying(self) -> frozenset[str]:
        """The keys that no id depends on, whatever their value: what is only observed of a training, not part of it."""
        return frozenset()

    def measured_steps(self) -> int | tuple[int, ...]:
        """The number of steps between measurements, or the steps themselves, sorted; the last one in any case."""
        return 1

    def may_differ(self) -> tuple[str, ...]:
        """Dotted keys in which trials of one bundle may differ, besides `MAY_DIFFER` of the experiment."""
        return ()

    def named_modules(self) -> tuple[ModuleType, ...]:
        """The modules of the user's files that are named by a text, such as a loss; `any_settings` has its own."""
        return ()


class HasSettings(Protocol):
    """The part of a file that sweep files configure."""

    @property
    def Settings(self) -> type[Frozen]:
        """The keys that a sweep file may set, with their types and defaults."""


@dataclass(frozen=True)
class Kind(Generic[P]):
    """One kind of files that are found by name.

    what: what messages call one, such as "net". folder: the package of this program that holds them, such as
    "workers.nets". protocol: what each of them must have. extensible: whether users may add files of their own, in the
    folder "nets" beside a sweep file or in a package.
    """

    what: str
    folder: str
    protocol: type[P]
    extensible: bool = True

    def names(self) -> tuple[str, ...]:
        """The names that exist, sorted. Imports none of the files."""
        return tuple(self.places())

    def shipped(self) -> tuple[str, ...]:
        """The names that this program brings, sorted. Imports none of the files."""
        return tuple(lookup.places(self.folder, False))

    def places(self) -> Table:
        """Every name with its files: several, where it exists more than once."""
        return lookup.places(self.folder, self.extensible)

    def place(self, name: str) -> Place:
        """The file of this name. Raises Refused, with the names that exist and the nearest one, and with the path of
        a file of the user's own, where there is none; with all paths where there are several."""
        found = self.places()
        if name not in found:
            raise Refused(unknown(self.what, name, tuple(found)) + self._yours(name))
        return lookup.one(self.what, name, found[name])

    def known(self, name: str) -> str:
        """The same name. Raises as `place`, and as `load` where the file is not this program's."""
        if not self.place(name).shipped:
            self.load(name)
        return name

    def is_usable(self, name: str) -> bool:
        """Whether `load` raises nothing."""
        try:
            return bool(self.load(name))
        except Refused:
            return False

    def usable(self) -> tuple[str, ...]:
        """The names that exist and whose files can be used. Imports all of them."""
        return tuple(filter(self.is_usable, self.names()))

    def find(self, name: str) -> ModuleType:
        """The module of this name, unchecked. Raises as `place`, and BadPlugin where it cannot be imported."""
        return lookup.imported(self.what, name, self.place(name))

    def load(self, name: str) -> P:
        """The module of this name, which fulfils the Protocol.

        Where functions of the Protocol take settings, they take those of this very file. Raises Refused where there is
        no such file, BadPlugin where it cannot be imported or lacks something.
        """
        return cast(P, _checked(self, self.place(name), name))

    def about(self, name: str) -> str:
        """What a file is: the first line of its docstring, read without importing it."""
        return docstrings.first_line(self.place(name).path)

    def _yours(self, name: str) -> str:
        """Where a file of this name could be put."""
        own = current()
        if not (self.extensible and own.folder and name.isidentifier()):
            return ""
        return f"; one of yours would be {own.suggested(self.folder.rpartition('.')[2], name)}"


@functools.lru_cache(maxsize=1024)
def _checked(kind: Kind[Any], place: Place, name: str) -> ModuleType:
    module = lookup.imported(kind.what, name, place)
    missing = lacking(module, kind.protocol)
    if missing:
        raise BadPlugin(f"{kind.what} '{name}' ({place.path}): {'; '.join(missing)}")
    return module


@dataclass(frozen=True)
class NameOf:
    """A text that is the name of a file of a kind which can be used: `Annotated[str, NameOf(LOSSES)]`."""

    kind: Kind[Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.kind.known, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"oneOf": [{"const": name, "description": self.kind.about(name)} for name in self.kind.names()]}


@dataclass(frozen=True)
class _ByName:
    """Validates the settings of any file of a kind by those of the file that their `name` names, which is then
    imported. Errors are as of a union that is told apart by `name`: the name stands in their `loc`."""

    kind: Kind[HasSettings]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._validated)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(_union(dict(_usable(self.kind))))

    def _validated(self, value: object, info: ValidationInfo) -> object:
        if isinstance(value, Frozen):
            return self._instance(value)
        if not isinstance(value, dict):
            raise PydanticKnownError("model_attributes_type")
        model = self._model(value.get("name"))
        if info.mode == "json":  # as JSON is validated everywhere here: strictly, but a list may be a tuple
            return _validator(model).validate_json(json.dumps(value), strict=True)
        return _validator(model).validate_python(value)

    def _instance(self, value: Frozen) -> Frozen:
        model = self._model(vars(value).get("name"))
        if not isinstance(value, model):
            raise PydanticKnownError("model_type", {"class_name": model.__name__})
        return value

    def _model(self, name: object) -> type[Frozen]:
        if name is None:
            known = ", ".join(self.kind.names())
            what = f"missing 'name', which says what kind of {self.kind.what} it is; known: {known}"
            raise PydanticCustomError(MISSING_NAME, "{said}", {"said": what})
        try:
            return settings_of(self.kind, str(name))
        except Refused as error:
            raise PydanticCustomError(UNKNOWN_NAME, "{said}", {"said": str(error)}) from error


def any_settings(kind: Kind[HasSettings]) -> Any:
    """The type of a field that holds the Settings of any file of a kind, told apart by their `name`.

    A file is imported when a value names it.
    """
    return Annotated[Frozen, _ByName(kind)]


def kind_of(metadata: Sequence[object]) -> Kind[HasSettings] | None:
    """The kind whose Settings a field of `any_settings` holds, from what is annotated of the field."""
    return next((one.kind for one in metadata if isinstance(one, _ByName)), None)


def _union(models: dict[str, type[Frozen]]) -> CoreSchema:
    choices = {name: model.__pydantic_core_schema__ for name, model in models.items()}
    if len(choices) == 1:
        return next(iter(choices.values()))
    return core_schema.tagged_union_schema(choices, discriminator="name")


@functools.cache
def _validator(model: type[Frozen]) -> SchemaValidator:
    """Validates the settings of one file; the `loc` of an error begins with its name."""
    name = model.model_fields["name"].default
    return SchemaValidator(
        core_schema.tagged_union_schema({name: model.__pydantic_core_schema__}, discriminator="name")
    )


def settings_of(kind: Kind[HasSettings], name: str) -> type[Frozen]:
    """The Settings of a file, whose `name` is the name of the file. Raises as `Kind.load`."""
    return _named(kind, kind.place(name), name)


@functools.lru_cache(maxsize=1024)
def _named(kind: Kind[HasSettings], place: Place, name: str) -> type[Frozen]:
    model = kind.load(name).Settings
    field = model.model_fields.get("name")
    own = model.__module__ == place.module and "name" not in inspect.get_annotations(model)
    if field is not None and own:  # inherited: from what all settings of a kind have in common, or from another file's
        field.annotation, field.default = cast(Any, Literal)[name], name
        model.model_rebuild(force=True)
    elif field is None or get_args(field.annotation) != (name,) or field.default != name:
        where = f"{kind.what} '{name}' ({place.path})"
        raise BadPlugin(f'{where}: its Settings must have the field `name: Literal["{name}"] = "{name}"`')
    return model


def _usable(kind: Kind[HasSettings]) -> Iterator[tuple[str, type[Frozen]]]:
    """The Settings of a kind by name: in a schema, a file that is broken is left out."""
    for name in kind.usable():
        with contextlib.suppress(Refused):
            yield name, settings_of(kind, name)


def unknown(what: str, given: str, known: tuple[str, ...] | list[str]) -> str:
    """'unknown X, did you mean Y? known: all': the one sentence used for every misspelt name."""
    near = difflib.get_close_matches(given, known, n=1)
    hint = f", did you mean '{near[0]}'?" if near else ";"
    return f"unknown {what} '{given}'{hint} known: {', '.join(known)}"
