"""An archive of one sweep: a tar file with the same names as the store, and first an index of what is in it.

    sweep.json                {"format": 1, "variant": ..., "files": {name: {"sha256": ..., "bytes": ...}, ...}}
    code/ ... weights/ ...    files as `layout.py` has them, sorted by name

The same content makes the same bytes: members have no times, owners or permissions of their own.
"""

import json
import tarfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from pydantic import ConfigDict, TypeAdapter, ValidationError

from tracking.common.errors import OtherFormat, Refused
from tracking.records import layout

FORMAT = 1
INDEX = "sweep.json"
LARGEST_INDEX = 2**28  # bytes
FOLDERS = (layout.RECORDS, layout.CHECKPOINTS, layout.WEIGHTS, layout.CODE, layout.FIGURES, layout.SWEEPS)
_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class Packed:
    """A file in an archive."""

    __pydantic_config__ = _STRICT
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Index:
    """What an archive says that it holds: a variant, and its files by their names in a store."""

    __pydantic_config__ = _STRICT
    variant: str
    files: Mapping[str, Packed]
    format: int = FORMAT

    @property
    def total(self) -> int:
        """Bytes of all files."""
        return sum(one.bytes for one in self.files.values())

    def to_bytes(self) -> bytes:
        """As JSON."""
        return json.dumps(_ADAPTER.dump_python(self, mode="json"), sort_keys=True).encode()


_ADAPTER = TypeAdapter(Index)


def index_of(content: bytes, archive: str) -> Index:
    """Raises Refused, OtherFormat."""
    try:
        number = json.loads(content).get("format")
        if isinstance(number, int) and number > FORMAT:
            raise OtherFormat(f"{archive} has format {number}, and this program reads format {FORMAT}", archive)
        return _ADAPTER.validate_json(content)
    except (ValueError, AttributeError, ValidationError) as error:
        if isinstance(error, OtherFormat):
            raise
        raise Refused(f"{archive} is no archive of `sweep pack`: its index cannot be read") from error


def member(name: str, size: int) -> tarfile.TarInfo:
    """A regular file of an archive, without time and owner."""
    made = tarfile.TarInfo(name)
    made.size, made.mode = size, 0o644
    return made


def check_members(members: list[tarfile.TarInfo], index: Index, archive: str) -> None:
    """Raises Refused unless the members are exactly the files of the index: regular, whole, and with names that this
    program gives to files of a store, so that none lies outside of it."""
    found = Counter(one.name for one in members)
    for one in members:
        listed = index.files.get(one.name)
        if not one.isreg() or one.issparse():
            _refuse(archive, one.name, "is no regular file")
        if listed is None or listed.bytes != one.size or found[one.name] > 1:
            _refuse(archive, one.name, "is not what its index says")
        if not _is_packed(one.name):
            _refuse(archive, one.name, "has no place in a store")
    for name in index.files:
        if name not in found:
            _refuse(archive, name, "is missing")


def _refuse(archive: str, name: str, why: str) -> NoReturn:
    raise Refused(f"{archive}: '{name}' {why}; nothing was unpacked")


def _is_packed(name: str) -> bool:
    return layout.is_own(name) and name.split("/")[0] in FOLDERS and not name.endswith(layout.UNFINISHED)
