"""The user's own files that the settings of a trial name: nets, data sets, losses and the like."""

import functools
import hashlib
from collections.abc import Iterable, Iterator
from types import ModuleType

from tracking.common.named_files.plugins import Frozen, Kind, kind_of
from tracking.common.named_files.sources import Source, sources
from tracking.common.token_digest import token_digest


def named(settings: Frozen) -> Iterator[ModuleType]:
    """The modules of the user's files that settings name. Looked up in the active files."""
    yield from settings.named_modules()
    for key, field in type(settings).model_fields.items():
        value = getattr(settings, key)
        kind = kind_of(field.metadata)
        if kind and isinstance(value, Frozen):
            yield from own(kind, str(vars(value)["name"]))
        for part in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(part, Frozen):
                yield from named(part)


def own(kind: Kind[object], name: str) -> tuple[ModuleType, ...]:
    """The module of this name where it is the user's; none where it is this program's, which is not imported."""
    return () if kind.place(name).shipped else (kind.find(name),)


def files(modules: Iterable[ModuleType]) -> dict[str, Source]:
    """The user's files that these modules consist of, by the digest of their source."""
    return {digest: source for module in modules for digest, source in _of_module(module)}


def digests(modules: Iterable[ModuleType]) -> tuple[tuple[str, str], ...]:
    """(name, digest) of the user's files that these modules consist of, such as ("nets/mlp.py", ...), sorted.

    Where packages have files of one name, their digests are one digest.
    """
    found: dict[str, set[str]] = {}
    for digest, source in files(modules).items():
        found.setdefault(source.name, set()).add(digest)
    return tuple((name, combined(found[name])) for name in sorted(found))


def combined(digests: Iterable[str]) -> str:
    """One digest of several, whatever their order; that of one is itself, that of none is ""."""
    every = sorted(digests)
    return every[0] if len(every) == 1 else hashlib.sha256("".join(every).encode()).hexdigest()[:16] if every else ""


@functools.lru_cache(maxsize=1024)
def _of_module(module: ModuleType) -> tuple[tuple[str, Source], ...]:
    return tuple((token_digest(source.content), source) for source in sources(module))
