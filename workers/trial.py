"""A trial: one training run, completely specified, seed included, identified by what determines its training."""

import functools
import hashlib
import json
import weakref
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, Protocol, cast

from pydantic import BaseModel, TypeAdapter
from typing_extensions import TypeVar

from tracking.common.flatten import flat
from tracking.common.named_files.plugins import Frozen, Kind
from tracking.common.named_files.user_files import UserFiles, current
from workers import user_code
from workers.identity import determining

SCHEMA_VERSION = 2  # raised when a setting or a default comes to mean something else; docs/internals/record-format.md
_MARK = "\0seed"  # in place of the seed; no text of a sweep file can hold it

# The trials of a sweep differ in little: what is equal in them is one object, or each would take 8 KiB.
_parts: "weakref.WeakValueDictionary[tuple[type, str], BaseModel]" = weakref.WeakValueDictionary()
_plain_part = functools.lru_cache(maxsize=4096)(json.loads)


S = TypeVar("S", bound=Frozen, default=Frozen)
S_co = TypeVar("S_co", bound=Frozen, default=Frozen, covariant=True)


class Identified(Protocol[S_co]):
    """The part of an experiment that decides which trials are the same work, and which are trained together."""

    @property
    def Settings(self) -> type[S_co]:
        """The keys below `fixed` and `vary` in a sweep file; one of them is `seed`."""

    @property
    def MAY_DIFFER(self) -> tuple[str, ...]:
        """Dotted keys of settings in which the trials of one bundle may differ."""


EXPERIMENTS: Kind[Identified] = Kind("experiment", "workers.experiments", Identified)


class _First(NamedTuple):
    """Settings that differ from another trial's in nothing but the seed, and their JSON values."""

    settings: Frozen
    plain: dict[str, Any]


@dataclass(frozen=True, init=False, eq=False)
class Trial(Generic[S_co]):
    """One training run. Make it with `Trial.of`, which validates.

    files: the files of the user's own in which its names are looked up besides this program's. partial: whether it is
    recorded already, and nothing is to be recorded again but its `measure`. once: those of its measures that are taken
    once, when its training ends.
    """

    experiment: str
    files: UserFiles = field(repr=False)
    partial: bool
    once: tuple[str, ...]
    _first: ClassVar["_First | None"] = None  # of a trial that `with_seed` made, the one that it was made from

    def __init__(self, experiment: str, settings: S_co, files: UserFiles | None = None, partial: bool = False) -> None:
        known = {"experiment": experiment, "settings": settings, "files": files or current(), "partial": partial}
        self.__dict__.update(known, once=())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trial) and self._compared == other._compared

    def __hash__(self) -> int:
        return hash(self._compared)

    @property
    def _compared(self) -> tuple[object, ...]:
        return self.experiment, self.settings, self.files, self.partial

    @functools.cached_property
    def settings(self) -> S_co:
        """The experiment's `Settings`; of a trial that `with_seed` made, copied when they are first asked for."""
        assert self._first
        return cast(S_co, self._first.settings.model_copy(update={"seed": self.seed}))

    @staticmethod
    def of(experiment: str, settings: Mapping[str, object], files: UserFiles | None = None) -> "Trial":
        """Validates raw settings; names are looked up in `files`, or in those that are active.

        Raises Refused (unknown experiment), pydantic.ValidationError (bad settings).
        """
        files = files or current()
        with files.active():
            model = EXPERIMENTS.load(experiment).Settings
            # Strictly and as JSON: a list may be a tuple and an integer a number, but "1" is no number.
            validated = model.model_validate_json(json.dumps(settings), strict=True)
        return Trial(experiment, _sharing(validated), files)

    def __getstate__(self) -> dict[str, Any]:
        """The files first: whoever unpickles a trial imports the classes of its settings from them."""
        return {"files": self.files, **self.__dict__}

    @functools.cached_property
    def plain(self) -> dict[str, Any]:
        """The validated settings as plain JSON values, defaults included: what is hashed, stored and shown. Not to be
        changed: trials share its parts."""
        if self._first:
            return {**self._first.plain, "seed": self.seed}
        whole = self.settings.model_dump(mode="json")
        return {k: _plain_part(json.dumps(v)) if isinstance(v, (dict, list)) else v for k, v in whole.items()}

    @functools.cached_property
    def unseeded(self) -> dict[str, Any]:
        """The plain settings with dotted keys, without the seed. Not to be changed: trials that were made from one
        another by `with_seed` share one object, so that what is computed of it is computed once a cell."""
        return {key: value for key, value in flat(self.plain).items() if key != "seed"}

    @functools.cached_property
    def id(self) -> str:
        """Content hash of what determines the training, user's files included, and of the schema version: the same id
        is the same work.

        Settings that equal their default are left out (`workers/identity.py`), so that it does not matter whether a
        sweep writes them, and a setting that is added with a default that means "as before" changes no id.
        """
        before, after = self._around_seed
        return _hashed(f"{before}{self.seed}{after}")

    @functools.cached_property
    def cell(self) -> str:
        """Content hash of everything but the seed: trials of one cell differ only in their seed."""
        return digest(self._content)

    @functools.cached_property
    def _content(self) -> dict[str, Any]:
        """What determines the training, without the seed."""
        settings = determining(self.settings, self.plain)
        settings.pop("seed", None)
        sources = {"sources": dict(self.sources)} if self.sources else {}
        return {"experiment": self.experiment, "settings": settings, **sources}

    @functools.cached_property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """(name, digest) of the user's own files that the training uses, such as ("nets/mlp.py", ...), sorted."""
        return user_code.digests(self.modules())

    def modules(self) -> list[ModuleType]:
        """The modules of the user's own files that the training uses: the experiment's, those that settings name."""
        with self.files.active():
            return [*user_code.own(EXPERIMENTS, self.experiment), *user_code.named(self.settings)]

    @functools.cached_property
    def seed(self) -> int:
        return int(self.plain["seed"])

    def with_seed(self, seed: object) -> "Trial":
        """The trial of this cell with another seed. Raises pydantic.ValidationError for what is no seed.

        Only the seed is validated, and what does not depend on it is shared, so that a sweep of many seeds is validated
        once a cell. Hence no validator of an experiment's settings may look at the seed together with other settings.
        """
        value = _seed_of(type(self._first.settings if self._first else self.settings)).validate_python(
            seed, strict=True
        )
        before, after = self._around_seed
        other: Trial[S_co] = object.__new__(Trial)
        other.__dict__.update(self._of_cell, seed=value, id=_hashed(f"{before}{value}{after}"))
        return other

    @functools.cached_property
    def _of_cell(self) -> dict[str, object]:
        """The properties that are the same, and one object, for every seed."""
        shared: dict[str, object] = {"experiment": self.experiment, "files": self.files, "partial": False, "once": ()}
        shared |= {"cell": self.cell, "_around_seed": self._around_seed, "sources": self.sources}
        shared |= {"unseeded": self.unseeded, "may_differ": self.may_differ}
        shared["_first"] = _First(self.settings, self.plain)
        if "seed" in self.may_differ:
            shared["shape"] = self.shape
        return {**shared, "_of_cell": shared}

    def measuring(self, measures: Sequence[str], every: int | tuple[int, ...], partial: bool = True) -> "Trial":
        """The same training, of which these measures are recorded, every so many steps. Of an experiment with a choice
        of them, whose id does not depend on it."""
        chosen = {"measure": tuple(measures), "evaluate_every": every}
        other = Trial(self.experiment, self.settings.model_copy(update=chosen), self.files, partial)
        shared: dict[str, object] = {"id": self.id, "cell": self.cell, "sources": self.sources}
        plain = {**self.plain, "measure": [*measures], "evaluate_every": every if isinstance(every, int) else [*every]}
        other.__dict__.update(shared, _around_seed=self._around_seed, plain=plain)
        return other

    def measuring_once(self, measures: Collection[str]) -> "Trial[S_co]":
        """The same trial, of which these measures are taken once, when its training ends, as far as it has them."""
        once = tuple(sorted({*self.plain.get("measure", ())}.intersection(measures)))
        if once == self.once:
            return self
        other: Trial[S_co] = object.__new__(Trial)
        other.__dict__.update({key: value for key, value in self.__dict__.items() if key != "_of_cell"}, once=once)
        return other

    @functools.cached_property
    def _around_seed(self) -> tuple[str, str]:
        """What stands before and after the seed in the text that is hashed to the id."""
        text = _text({**self._content, "seed": _MARK})
        before, _, after = text.partition(json.dumps(_MARK))
        return before, after

    @functools.cached_property
    def shape(self) -> str:
        """Content hash of what must be equal for two trials to be trained as one batch of models."""
        different = tuple(f"{key}." for key in self.may_differ)
        rest = {k: v for k, v in flat(self.plain).items() if not f"{k}.".startswith(different)}
        return digest({"experiment": self.experiment, "settings": rest})

    @functools.cached_property
    def may_differ(self) -> tuple[str, ...]:
        """The dotted settings in which the trials of its bundle may differ."""
        with self.files.active():
            return (*EXPERIMENTS.load(self.experiment).MAY_DIFFER, *self.settings.may_differ())


def _sharing(settings: S) -> S:
    """The same settings with each part that another trial has, too, replaced by that one's."""
    for name, part in settings.__dict__.items():
        if isinstance(part, BaseModel):
            settings.__dict__[name] = _parts.setdefault((type(part), part.model_dump_json()), part)
    return settings


def canonical(value: Any) -> str:
    """JSON that is equal for equal values: sorted keys, shortest floats, no NaN, no negative zero."""
    text = _dumped(value)
    return _dumped(_no_negative_zero(value)) if "-0.0" in text else text  # to look for it in the values takes longer


def _dumped(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _no_negative_zero(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _no_negative_zero(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_no_negative_zero(v) for v in value]
    return 0.0 if isinstance(value, float) and value == 0 else value


def digest(content: dict[str, Any]) -> str:
    """SHA-256 of canonical JSON with the schema version, 20 hexadecimal digits."""
    return _hashed(_text(content))


def _text(content: dict[str, Any]) -> str:
    return canonical({"schema": SCHEMA_VERSION, **content})


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@functools.cache
def _seed_of(model: type[BaseModel]) -> "TypeAdapter[int]":
    """Validates a value of the field `seed` alone."""
    field = model.model_fields["seed"]
    return TypeAdapter(Annotated[int, *field.metadata])
