"""Provenance: the code, versions, machine, device, engine and data that computed a commit."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict

_STRICT = ConfigDict(extra="forbid")


def _pairs(named: object) -> object:
    """A JSON object as sorted pairs, which can be hashed."""
    return tuple(sorted(named.items())) if isinstance(named, dict) else named


Pairs = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_pairs)]


@dataclass(frozen=True, slots=True)
class Code:
    """This program, as it was.

    commit: of its checkout. modified: whether files differed from it. diff: the digest of these files as they were kept
    (`layout.code_changes`). All empty where the program is installed without a checkout. files: the digest of the files
    that compute and commit, which tells two programs apart in any case; "" in records of version 0.1.
    """

    __pydantic_config__ = _STRICT
    commit: str = ""
    modified: bool = False
    diff: str = ""
    files: str = ""

    @property
    def name(self) -> str:
        """What people call it: its commit, and whether it was changed; the digest of its files without a commit."""
        if not self.commit:
            return f"files {self.files[:8]}" if self.files else ""
        return f"{self.commit[:10]} with changes" if self.modified else self.commit[:10]

    def plain(self) -> dict[str, object]:
        """As JSON values, without what is not known."""
        known: dict[str, object] = {"commit": self.commit, "modified": self.modified} if self.commit else {}
        return known | {key: text for key, text in (("diff", self.diff), ("files", self.files)) if text}


@dataclass(frozen=True, slots=True)
class DataUsed:
    """The data set: the digest of its content, and what figures call it."""

    __pydantic_config__ = _STRICT
    digest: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of training and of evaluation, and visits of examples, by one process until a commit."""

    __pydantic_config__ = _STRICT
    training: float
    evaluation: float
    visits: int


@dataclass(frozen=True, slots=True)
class About:
    """What an experiment knows of its own provenance: data, engine and time spent."""

    data: DataUsed | None = None
    engine: str = ""
    spent: Spent | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """What computed a commit. Two are equal when they differ in `spent` alone.

    versions: (package, version), sorted. device: the model of the processor or GPU. engine: "" where the experiment
    has none, or where the commit only gave trials up.
    """

    __pydantic_config__ = _STRICT
    code: Code | None = None
    versions: Pairs | None = None
    device: str = ""
    host: str = ""
    engine: str = ""
    data: DataUsed | None = None
    spent: Spent | None = field(default=None, compare=False)

    def plain(self) -> dict[str, object]:
        """As JSON values, without what is not known: as manifests hold it and as it is shown."""
        code, data, spent = self.code, self.data, self.spent
        known: dict[str, object] = {}
        if code is not None:
            known["code"] = code.plain()
        if self.versions is not None:
            known["versions"] = dict(self.versions)
        words = {"device": self.device, "host": self.host, "engine": self.engine}
        known |= {name: word for name, word in words.items() if word}
        if data is not None:
            known["data"] = {"digest": data.digest, **({"title": data.title} if data.title else {})}
        if spent is not None:
            known["spent"] = {"training": spent.training, "evaluation": spent.evaluation, "visits": spent.visits}
        return known
