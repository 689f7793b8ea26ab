"""A sweep as the store keeps it: its file as it was launched, what was asked for, its trials, and its launches.

    {"format": 2, "name": ..., "variant": ..., "versions": [{"text": ..., "trials": [...], "launches": [...]}, ...]}

A version is one state of the file: who edits a file and launches it again adds a version. The last one counts. Where no
version has `data`, the format that is written is 1, which older versions of this program read.
"""

import json
from dataclasses import dataclass, field, replace

from pydantic import ConfigDict, TypeAdapter, ValidationError

from tracking.common.errors import Damaged, OtherFormat

FORMAT, WITHOUT_DATA = 2, 1
LAUNCHES = 100  # of a version that are kept: the latest
AT_WORK, DONE, INTERRUPTED = "", "done", "interrupted"  # `Launching.outcome`
_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the file of a sweep lies. path: absolute, "" of a sweep that comes with this program. from_store: the path
    from the store's folder, "" where the store is in no folder of that machine. host: the name of the machine."""

    __pydantic_config__ = _STRICT
    path: str = ""
    from_store: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Launching:
    """One launch. Times in milliseconds since 1970; ended_ms: 0 until it has ended, and for ever where it was killed.
    command: as it could be typed. outcome: "done", "interrupted", why it stopped, or "" until it has ended. verdicts:
    (claim, verdict) at its end."""

    __pydantic_config__ = _STRICT
    started_ms: int
    origin: Origin
    command: tuple[str, ...] = ()
    limit: int | None = None
    ended_ms: int = 0
    outcome: str = AT_WORK
    verdicts: tuple[tuple[str, str], ...] = ()

    @property
    def end(self) -> str:
        """How it ended, in words. For a launch that is not at work any more: one that was killed could not say so."""
        return "killed" if self.outcome == AT_WORK else self.outcome


@dataclass(frozen=True, slots=True)
class Version:
    """A sweep file as it was launched: its text, the (name, digest) of the Python files beside it (`layout.user_source`
    has them), the ids of all trials of the sweep, and its launches, in the order of their starts. data: what was known
    of data files, as `UserFiles.data` has it, sorted."""

    __pydantic_config__ = _STRICT
    text: str
    trials: tuple[str, ...]
    sources: tuple[tuple[str, str], ...] = ()
    launches: tuple[Launching, ...] = ()
    data: tuple[tuple[str, str], ...] = ()

    def same_work(self, other: "Version") -> bool:
        """Whether both say the same, whenever they were launched."""
        return (self.text, self.sources, self.trials) == (other.text, other.sources, other.trials)


@dataclass(frozen=True, slots=True)
class KeptSweep:
    """A variant of a sweep. profile, overrides, seeds: what changed the file. versions: at least one; those
    that were launched later come later."""

    __pydantic_config__ = _STRICT
    name: str
    variant: str
    title: str
    versions: tuple[Version, ...]
    profile: str | None = None
    overrides: tuple[str, ...] = ()
    seeds: int | None = None
    format: int = field(default=FORMAT, compare=False)

    @property
    def version(self) -> Version:
        """The one that was launched last."""
        return self.versions[-1]

    @property
    def launches(self) -> tuple[Launching, ...]:
        """All launches of all versions, the latest last."""
        return tuple(sorted((one for v in self.versions for one in v.launches), key=lambda one: one.started_ms))

    @property
    def trials(self) -> frozenset[str]:
        """The trials that any version of it names."""
        return frozenset(id for version in self.versions for id in version.trials)

    def launched(self, title: str, version: Version) -> "KeptSweep":
        """With the launch of `version`, which is the last one from now on."""
        earlier = [v for v in self.versions if not v.same_work(version)]
        before = next((v.launches for v in self.versions if v.same_work(version)), ())
        now = replace(version, launches=(*before, *version.launches)[-LAUNCHES:])
        return replace(self, title=title, versions=(*earlier, now))

    def with_launch(self, changed: Launching) -> "KeptSweep":
        """With another state of the launch that started then."""
        versions = tuple(
            replace(v, launches=tuple(changed if one.started_ms == changed.started_ms else one for one in v.launches))
            for v in self.versions
        )
        return replace(self, versions=versions)

    def to_bytes(self) -> bytes:
        """As JSON."""
        content = _ADAPTER.dump_python(self, mode="json")
        content["format"] = FORMAT if any(one.data for one in self.versions) else WITHOUT_DATA
        for one in content["versions"]:
            if not one["data"]:
                del one["data"]
        return json.dumps(content, indent=1, ensure_ascii=True).encode()


_ADAPTER = TypeAdapter(KeptSweep)


def of_bytes(content: bytes, name: str) -> KeptSweep:
    """The sweep in a file of this name. Raises Damaged, OtherFormat where it was written by a later version."""
    try:
        found = json.loads(content)
    except ValueError as error:
        raise Damaged(f"{name} is no JSON: {error}", name) from error
    number = found.get("format") if isinstance(found, dict) else None
    if isinstance(number, int) and number > FORMAT:
        raise OtherFormat(f"{name} has format {number}, and this program reads format {FORMAT}", name)
    try:
        sweep = _ADAPTER.validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise Damaged(f"{name} holds no sweep of this program: {where}: {first['msg']}", name) from error
    if not sweep.versions:
        raise Damaged(f"{name} holds no version of its sweep", name)
    return sweep
