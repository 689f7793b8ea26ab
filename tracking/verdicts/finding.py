"""What a judgement is made of: the verdict's three words, the numbers that decide, and how several make one.

"fails" is stronger than "not enough data", which is stronger than "holds": the worst of several is theirs together,
and nothing at all is not enough data.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Word = Literal["holds", "fails", "not enough data"]
Value = float | int | str | list[float] | list[str]
Numbers = Mapping[str, Value]
LOST = ("failed", "diverged", "missing", "not finite", "not reached", "unmeasured")  # trials that count for nothing
BROKEN = "error"  # key of the evidence on a claim whose code raises an error
Evidence = dict[str, Value]


@dataclass(frozen=True)
class Finding:
    """What was found of one line, or of all together. numbers: those that decide, by name; ready for JSON."""

    word: Word
    numbers: Numbers = field(default_factory=dict)

    @property
    def fails(self) -> bool:
        """Whether it contradicts the claim."""
        return self.word == "fails"


@dataclass(frozen=True)
class Verdict:
    """What was found of one claim. `evidence`: the criterion in words, the deciding numbers and the counts of trials;
    finite numbers, texts and lists of them, ready for JSON. found: what was found, in the claim's words."""

    name: str
    verdict: Word
    evidence: Numbers
    statement: str
    label: str = ""
    found: str = ""

    @property
    def bad(self) -> bool:
        """Whether it fails, or could not be judged for an error in its code."""
        return self.verdict == "fails" or BROKEN in self.evidence


def worst(words: Iterable[Word]) -> Word:
    """The verdict on a conjunction."""
    found = set(words)
    if "fails" in found:
        return "fails"
    return "holds" if found == {"holds"} else "not enough data"


def any_of(words: Iterable[Word]) -> Word:
    """The verdict on "one of these": holds where one does, fails where all do."""
    found = set(words)
    if "holds" in found:
        return "holds"
    return "fails" if found == {"fails"} else "not enough data"


def lacking(reason: str, **numbers: Value) -> Finding:
    """Not enough data, and of what."""
    return Finding("not enough data", {"lacking": reason, **numbers})


def said(good: bool) -> Word:
    """The verdict on what is certain of the recorded trials."""
    return "holds" if good else "fails"
