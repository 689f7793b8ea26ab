"""A criterion: comparisons of estimates with bounds, joined by "all of" and "one of"; and its verdict.

However many comparisons a claim makes, over all its cells and lines, "holds" and "fails" are each wrong in at most 5 %:

    all of   It holds where every part does by its own 95 % interval: wrongly only if a part that is not true does, so
             that nothing is divided (intersection-union test: Berger 1982, Technometrics 24, 295-300). It fails where
             one part does. Of k comparisons one fails by chance sooner or later, so each fails by its interval at
             1 - 5 %/k (Bonferroni; Holm's procedure rejects its first hypothesis at the same level).
    one of   The other way round: it holds where one of m candidates does by intervals at 1 - 5 %/m, since which one it
             would be was not known beforehand; and it fails where all of them do, the true one among them.

k counts the comparisons of the whole claim: those of all its lines; of "one of" those of its largest candidate. What is
certain of the recorded trials has no error, and counts for nothing.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from tracking.analysis.statistics.intervals import Interval

Word = Literal["holds", "fails", "not enough data"]


class Criterion(ABC):
    """What a claim asks of one line."""

    @property
    @abstractmethod
    def comparisons(self) -> int:
        """How many comparisons could make it fail by chance."""

    @property
    @abstractmethod
    def clearance(self) -> float:
        """How far it is from failing; comparable between the lines of a claim only. Of a comparison in half widths of
        its interval: it holds above 1 and fails below -1."""

    @abstractmethod
    def word(self, holds: int = 1, fails: int = 1) -> Word:
        """The verdict. holds, fails: what the 5 % of either word is divided by."""


@dataclass(frozen=True)
class Comparison(Criterion):
    """Whether a mean, or whatever `at` has intervals of, lies in [low, high]; in (low, infinity) where `strict`.

    at: its interval at 1 - 5 %/tests, by the number of tests.
    """

    at: Callable[[int], Interval]
    low: float = -math.inf
    high: float = math.inf
    strict: bool = False

    @property
    def comparisons(self) -> int:
        return 1

    @property
    def clearance(self) -> float:
        found = self.at(1)
        to_low = _half_widths(found.centre - self.low, found.centre - found.low, found.high - found.centre)
        return min(to_low, _half_widths(self.high - found.centre, found.high - found.centre, found.centre - found.low))

    def word(self, holds: int = 1, fails: int = 1) -> Word:
        inner, outer = self.at(holds), self.at(fails)
        if self.strict:
            return "holds" if inner.low > self.low else "fails" if outer.high <= self.low else "not enough data"
        if inner.inside(self.low, self.high):
            return "holds"
        return "fails" if outer.outside(self.low, self.high) else "not enough data"


@dataclass(frozen=True)
class Certain(Criterion):
    """What is certain of the recorded trials; nothing where `good` is None. by: its clearance, in any unit."""

    good: bool | None
    by: float

    @property
    def comparisons(self) -> int:
        return 0

    @property
    def clearance(self) -> float:
        return self.by

    def word(self, holds: int = 1, fails: int = 1) -> Word:
        return "not enough data" if self.good is None else "holds" if self.good else "fails"


@dataclass(frozen=True)
class _AllOf(Criterion):
    parts: tuple[Criterion, ...]

    @property
    def comparisons(self) -> int:
        return sum(part.comparisons for part in self.parts)

    @property
    def clearance(self) -> float:
        return min((part.clearance for part in self.parts), default=0.0)

    def word(self, holds: int = 1, fails: int = 1) -> Word:
        return worst(part.word(holds, fails) for part in self.parts)


@dataclass(frozen=True)
class _OneOf(Criterion):
    candidates: tuple[Criterion, ...]

    @property
    def comparisons(self) -> int:
        return max((one.comparisons for one in self.candidates), default=0)

    @property
    def clearance(self) -> float:
        return max((one.clearance for one in self.candidates), default=0.0)

    def word(self, holds: int = 1, fails: int = 1) -> Word:
        words = {one.word(holds * len(self.candidates), fails) for one in self.candidates}
        return "holds" if "holds" in words else "fails" if words == {"fails"} else "not enough data"


@dataclass(frozen=True)
class _Opposed(Criterion):
    statement: Criterion
    opposite: Criterion

    @property
    def comparisons(self) -> int:
        return 1

    @property
    def clearance(self) -> float:
        return -self.opposite.clearance

    def word(self, holds: int = 1, fails: int = 1) -> Word:
        true, false = self.statement.word(holds) == "holds", self.opposite.word(fails) == "holds"
        return "not enough data" if true == false else "holds" if true else "fails"


def verdict(criterion: Criterion) -> Word:
    """The verdict on a whole claim: on one line, or on all of them."""
    return criterion.word(1, max(criterion.comparisons, 1))


def all_of(parts: Iterable[Criterion]) -> Criterion:
    """That every part is true; nothing is known of no part."""
    return _AllOf(tuple(parts))


def one_of(candidates: Iterable[Criterion]) -> Criterion:
    """That one of some candidates is true, whichever it is; nothing is known of no candidate."""
    return _OneOf(tuple(candidates))


def opposed(statement: Criterion, opposite: Criterion) -> Criterion:
    """That a statement is true, which fails only where its opposite is shown by a criterion of its own: "some step is
    better" by the step that other seeds choose, and "none is" by all steps."""
    return _Opposed(statement, opposite)


def said(good: bool, by: float | None = None) -> Criterion:
    """What is certain of the recorded trials. by: how far it is from failing, in a unit that all lines share."""
    return Certain(good, (math.inf if good else -math.inf) if by is None else by)


def worst(words: Iterable[Word]) -> Word:
    """The verdict on a conjunction: "fails" is stronger than "not enough data", which is stronger than "holds", and
    nothing at all is not enough data."""
    found = set(words)
    if "fails" in found:
        return "fails"
    return "holds" if found == {"holds"} else "not enough data"


def _half_widths(distance: float, inner: float, outer: float) -> float:
    """A distance to a bound in half widths of the interval: of the side that faces the bound, or has passed it."""
    half = inner if distance >= 0 else outer
    if math.isinf(distance):
        return distance
    if half > 0:
        return distance / half
    return math.copysign(math.inf, distance) if distance else 0.0
