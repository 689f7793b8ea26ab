"""What a judgement is made of: a criterion, the numbers that decide, and the verdict on one line or on all."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tracking.verdicts.criterion import Certain, Criterion, Word, verdict

Value = float | int | str | list[float] | list[str]
Numbers = Mapping[str, Value]
LOST = ("failed", "diverged", "missing", "not finite", "not reached", "unmeasured")  # trials that count for nothing
BROKEN = "error"  # key of the evidence on a claim whose code raises an error
REASON = "not_enough"  # key of the evidence that says, in a clause, why there is not enough data
Evidence = dict[str, Value]


@dataclass(frozen=True)
class Finding:
    """What a claim finds of one line. numbers: those that decide, by name; ready for JSON."""

    criterion: Criterion
    numbers: Numbers = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.criterion, Criterion):
            raise TypeError(
                f"a finding begins with a criterion, such as said(good) or mean_of(values).at_most(bound); got "
                f"{self.criterion!r}"
            )

    @property
    def word(self) -> Word:
        """The verdict, were this the only line."""
        return verdict(self.criterion)


@dataclass(frozen=True)
class LineVerdict:
    """What was found of one line, among all. clearance: see `Criterion`."""

    name: str
    word: Word
    numbers: Numbers
    clearance: float


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


def lacking(reason: str, **numbers: Value) -> Finding:
    """Not enough data, and why: a clause such as "no trial was perturbed"."""
    return Finding(Certain(None, 0.0), {REASON: reason, **numbers})
