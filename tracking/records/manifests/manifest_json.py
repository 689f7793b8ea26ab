"""Manifests as JSON: the one place where they are written to bytes and read from them.

    {"sha256": ..., "manifest": "<JSON with sorted keys>"}

The inner JSON has a format number. Written is format 3. Read are also format 1, which has one `provenance` for all
commits, and format 2, which has, as format 3, a list of `provenances` and, for each commit, which of them computed it
(`computed_by`, null for a commit that was taken back). Neither says the version of its ids, which is the first. Any
change needs a new number: a reader refuses keys that it does not know.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tracking.common.errors import Damaged, OtherFormat
from tracking.records import layout
from tracking.records.files.storage import sha256
from tracking.records.manifests.manifest import FIRST_SCHEMA, UNKNOWN, FileEntry, Manifest, Observed, TrialEntry
from tracking.records.provenance import Pairs, Provenance

FORMATS = (1, 2, 3)
SEED = "seed"  # of all settings the one that differs within a cell
LARGEST = 2**53  # of a number of steps, bytes or milliseconds: larger ones are no whole numbers in other programs


class _Identity(NamedTuple):
    """What only format 3 says."""

    schema: int = FIRST_SCHEMA
    sources: tuple[tuple[str, str], ...] = ()
    observed: Observed | None = None
    weights: tuple[FileEntry, ...] = ()


class _Outer(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    sha256: str
    manifest: str


class _Common(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    bundle: str
    experiment: str
    step: int
    trials: tuple[TrialEntry, ...]
    started_ms: int
    segments: tuple[FileEntry, ...]
    checkpoints: tuple[FileEntry, ...]
    clock: tuple[tuple[int, int], ...]

    def identity(self) -> "_Identity":
        return _Identity()


class _Format1(_Common):
    format: Literal[1]
    provenance: Provenance

    def origins(self) -> tuple[tuple[Provenance, ...], tuple[int | None, ...]]:
        return (self.provenance,), (0,) * len(self.clock)


class _Format2(_Common):
    format: Literal[2]
    provenances: tuple[Provenance, ...]
    computed_by: tuple[int | None, ...]

    def origins(self) -> tuple[tuple[Provenance, ...], tuple[int | None, ...]]:
        return self.provenances, self.computed_by


class _Format3(_Common):
    format: Literal[3]
    provenances: tuple[Provenance, ...]
    computed_by: tuple[int | None, ...]
    version_of_ids: int = Field(alias="schema", ge=FIRST_SCHEMA)
    sources: Pairs = ()
    observed: Observed | None = None
    weights: tuple[FileEntry, ...] = ()

    def origins(self) -> tuple[tuple[Provenance, ...], tuple[int | None, ...]]:
        return self.provenances, self.computed_by

    def identity(self) -> "_Identity":
        return _Identity(self.version_of_ids, self.sources, self.observed, self.weights)


class _AnyFormat(BaseModel):
    format: int


_Inner: TypeAdapter[_Format1 | _Format2 | _Format3] = TypeAdapter(
    Annotated[_Format1 | _Format2 | _Format3, Field(discriminator="format")], config=None
)


def to_bytes(manifest: Manifest) -> bytes:
    """JSON with its own checksum, so that a flipped bit cannot pass for a result."""
    content: dict[str, object] = {
        "bundle": manifest.bundle,
        "experiment": manifest.experiment,
        "step": manifest.step,
        "trials": [_trial(trial) for trial in manifest.trials],
        "started_ms": manifest.started_ms,
        "segments": [_file(entry) for entry in manifest.segments],
        "checkpoints": [_file(entry) for entry in manifest.checkpoints],
        "clock": manifest.clock,
        "provenances": [provenance.plain() for provenance in manifest.provenances],
        "computed_by": manifest.computed_by,
        "format": FORMATS[-1],
        "schema": manifest.schema,
    }
    content |= _optional(manifest)
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return json.dumps({"sha256": sha256(text.encode()), "manifest": text}).encode()


def _optional(manifest: Manifest) -> dict[str, object]:
    """The keys that may be absent."""
    found: dict[str, object] = {}
    if manifest.sources:
        found["sources"] = dict(manifest.sources)
    if manifest.observed:
        found["observed"] = _observed(manifest.observed)
    if manifest.weights:
        found["weights"] = [_file(entry) for entry in manifest.weights]
    return found


def _observed(observed: Observed) -> dict[str, object]:
    plain: dict[str, object] = {"measures": dict(observed.measures), "every": observed.every}
    return {**plain, "once": observed.once} if observed.once else plain


def _trial(trial: TrialEntry) -> dict[str, object]:
    plain: dict[str, object] = {
        "id": trial.id,
        "cell": trial.cell,
        "settings": trial.settings,
        "state": trial.state,
        "step": trial.step,
        "reason": trial.reason.encode("utf-8", "backslashreplace").decode(),  # half a surrogate is no JSON
    }
    return plain if trial.commit == UNKNOWN else {**plain, "commit": trial.commit}


def _file(entry: FileEntry) -> dict[str, object]:
    plain: dict[str, object] = {"name": entry.name, "sha256": entry.sha256, "bytes": entry.bytes}
    if entry.commit != UNKNOWN:
        plain["commit"] = entry.commit
    return {**plain, "parts": entry.parts} if entry.parts else plain


def of_bytes(content: bytes, name: str) -> Manifest:
    """The manifest in the file `name`. Raises Damaged, naming the file; OtherFormat when it is whole and written by
    another version of this program."""
    try:
        outer = _Outer.model_validate_json(content)
        if sha256(outer.manifest.encode()) != outer.sha256:
            raise Damaged(f"{name} does not match its checksum", name)
        inner = _inner(outer.manifest, name)
    except ValidationError as error:
        raise Damaged(f"{name} is not a manifest ({_first(error)})", name) from error
    provenances, computed_by = inner.origins()
    manifest = Manifest(
        inner.bundle, inner.experiment, inner.step, tuple(_shared(inner.trials)), inner.started_ms, provenances,
        computed_by, inner.segments, inner.checkpoints, inner.clock, *inner.identity(),
    )  # fmt: skip
    if wrong := _contradiction(manifest, name):
        raise Damaged(f"{name} is not a manifest ({wrong})", name)
    return manifest


def _inner(text: str, name: str) -> _Format1 | _Format2 | _Format3:
    """Looks at the format alone only where the whole is not valid, since parsing is what most of the time goes into."""
    try:
        return _Inner.validate_json(text)
    except ValidationError:
        written = _AnyFormat.model_validate_json(text).format
        if written in FORMATS:
            raise
    known = " or ".join(map(str, FORMATS))
    where = f"(format {written}, here {known})"
    raise OtherFormat(f"{name} was written by another version of this program {where}", name)


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, and how many more there are."""
    first, *more = error.errors(include_url=False, include_input=False)
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" + (f", and {len(more)} more" if more else "")


def _contradiction(manifest: Manifest, name: str) -> str:
    """What its parts say against each other or against the name of its file; "" where they agree."""
    if name != layout.manifest(manifest.bundle):
        return f"it is of bundle '{manifest.bundle}'"
    records, checkpoints, weights = layout.folders(manifest.bundle)
    for entries, folder, ending in (
        (manifest.weights, weights, layout.TRAINED),
        (manifest.segments, records, layout.SEGMENT),
        (manifest.checkpoints, checkpoints, layout.CHECKPOINT),
    ):
        for entry in entries:
            inside = entry.name.rpartition("/")[0] == folder and layout.is_own(entry.name)
            if not inside or not entry.name.endswith(ending):
                return f"it names '{entry.name}', which is no {ending} file of {folder}"
    if len({trial.id for trial in manifest.trials}) != len(manifest.trials):
        return "it has a trial twice"
    if wrong := next((n for n in _numbers(manifest) if not -1 <= n < LARGEST), None):
        return f"{wrong} is no number of steps, bytes or milliseconds"
    commits = {entry.commit for entry in (*manifest.segments, *manifest.checkpoints, *manifest.weights)}
    commits |= {trial.commit for trial in manifest.trials}
    commits |= {commit for entry in manifest.segments for commit, _ in entry.parts}
    if commits and not (min(commits) >= UNKNOWN and max(commits) <= manifest.commits):
        return f"it names commits from {min(commits)} to {max(commits)} and has {manifest.commits}"
    if len(manifest.computed_by) != manifest.commits:
        return f"it has {manifest.commits} commits and says of {len(manifest.computed_by)} what computed them"
    indices = {index for index in manifest.computed_by if index is not None}
    if not manifest.provenances or not indices <= set(range(len(manifest.provenances))):
        return f"its commits refer to more than its {len(manifest.provenances)} provenances"
    taken_back = {commit for commit in commits - {UNKNOWN} if manifest.computed_by[commit - 1] is None}
    return f"it has rows or outcomes of commit {min(taken_back)}, which was taken back" if taken_back else ""


def _numbers(manifest: Manifest) -> Iterator[int]:
    """Its numbers of steps, bytes and milliseconds."""
    yield from (manifest.step, manifest.started_ms)
    yield from (number for pair in manifest.clock for number in pair)
    yield from (trial.step for trial in manifest.trials)
    for entry in (*manifest.segments, *manifest.checkpoints, *manifest.weights):
        yield entry.bytes
        yield from (length for _, length in entry.parts)


def _shared(trials: Iterable[TrialEntry]) -> Iterator[TrialEntry]:
    """The trials, with what those of one cell have in common (all but their seeds) as one object: there may be 10^5."""
    cells: dict[str, TrialEntry] = {}
    for trial in trials:
        first = cells.setdefault(trial.cell, trial)
        settings = trial.settings if first is trial else _sharing(trial.settings, first.settings)
        yield TrialEntry(
            trial.id, first.cell, settings, trial.state, trial.step, sys.intern(trial.reason), trial.commit
        )


def _sharing(settings: Mapping[str, object], common: Mapping[str, object]) -> Mapping[str, object]:
    """The same settings, with the values of `common` where they are equal."""
    with_seed = {**common, SEED: settings.get(SEED)}
    if with_seed == settings:
        return with_seed
    return {k: common[k] if k in common and common[k] == v else v for k, v in settings.items()}
