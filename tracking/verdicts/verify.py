"""From rows to verdicts: every line of a claim is judged for itself, and all must hold.

- Whether one of them fails is asked at a level that the comparisons of all lines share (`tracking.verdicts.criterion`).

- A cell (the trials that differ only in their seed) with fewer seeds than the claim needs, or fewer than the sweep
  asks for (unless the claim says `at_least`), leaves the claim open. So does a trial that diverged, or that has a
  value that is not finite: what holds on the others has not been shown.
- Where the claim is about every trial by itself, one that contradicts it decides, whatever is missing. A claim
  about means is not said to fail, either, on part of the trials.
"""

import inspect
import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tracking.analysis.grouping import selected
from tracking.analysis.grouping import settings as settings_of
from tracking.analysis.statistics.intervals import LEVEL
from tracking.common.errors import Refused, SweepError
from tracking.common.named_files.lookup import Place, where
from tracking.common.text import count_of
from tracking.verdicts.claim import Claim
from tracking.verdicts.criterion import worst
from tracking.verdicts.finding import BROKEN, REASON, Finding, LineVerdict, Numbers, Value, Verdict, lacking
from tracking.verdicts.gate import Gated, gated
from tracking.verdicts.wording import capitalised, lost, of_lines

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame

LOG = logging.getLogger(__name__)

TOO_FEW = "a cell has fewer seeds than are needed"
SHOWN = 4  # lines whose numbers are evidence


def verify(frame: "Frame", claims: Iterable[Claim]) -> list[Verdict]:
    """Every claim's verdict on what is recorded. A claim that asks for what is not there has not enough data; one whose
    code raises an error is not judged, and the others are. Raises Damaged and StorageFailed where rows cannot be read.
    """
    return [_attempted(frame, claim) for claim in claims]


def _attempted(frame: "Frame", claim: Claim) -> Verdict:
    try:
        return judged(frame, claim)
    except (SweepError, MemoryError):
        raise
    except Exception as error:
        place = where(error, Place(Path(inspect.getfile(type(claim))), type(claim).__module__))
        reason = f"{place}: {type(error).__name__}: {error}"
        LOG.warning("claim '%s' could not be judged: %s", claim.name, reason)
        LOG.debug("claim '%s'", claim.name, exc_info=True)
        return Verdict(claim.name, "not enough data", {"reason": reason, BROKEN: True}, claim.statement, claim.label)


def judged(frame: "Frame", claim: Claim) -> Verdict:
    """The verdict on one claim. Raises whatever its code raises."""
    said = ""
    try:
        _refuse(frame, claim)
        lines = gated(frame, claim)
        findings = [claim.judge(one.line) if one.line.runs else lacking("no trial counts") for one in lines]
        tests = max(sum(finding.criterion.comparisons for finding in findings), 1)
        each_trial = _each_trial(frame, claim)
        both = zip(lines, findings, strict=True)
        found = [_of_line(one, finding, tests, each_trial) for one, finding in both]
        word, numbers = worst(line.word for line in found), _together(found)
        evidence: Numbers = {"criterion": _criterion(claim, tests), **numbers, **_counts(lines)}
        said = of_lines(claim.found(), found, word)
    except Refused as refusal:
        word, evidence = "not enough data", {"reason": str(refusal)}
    return Verdict(claim.name, word, evidence, claim.statement or capitalised(claim.tested()), claim.label, said)


def _criterion(claim: Claim, tests: int) -> str:
    """The claim's criterion, of which trials, and at which level one of several comparisons fails, in words."""
    reached = f"; of trials that end with {claim.reached}" if claim.reached else ""
    shared = f"; it fails where one of its {count_of(tests, 'comparison')} does by a {_percent(tests)} interval"
    return f"{claim.criterion()}{reached}{shared if tests > 1 else ''}"


def _percent(tests: int) -> str:
    return f"{100 * (1 - (1 - LEVEL) / tests):.4g} %"


def _refuse(frame: "Frame", claim: Claim) -> None:
    """Refuses what the claim itself finds wrong with these trials."""
    chosen = selected(frame, claim.where).trials[settings_of(frame)]
    for problem in claim.problems([{str(k): v for k, v in one.items()} for one in chosen.to_dict("records")]):
        raise Refused(problem)


def _each_trial(frame: "Frame", claim: Claim) -> bool:
    return claim.needs(frozenset(settings_of(frame))).each_trial


def _of_line(gated: Gated, finding: Finding, tests: int, each_trial: bool) -> LineVerdict:
    """The verdict on one line. tests: the comparisons of all lines."""
    criterion, numbers = finding.criterion, finding.numbers
    word = criterion.word(1, tests)
    if not gated.complete and not (word == "fails" and each_trial):
        lacks = f", and {numbers[REASON]}" if REASON in numbers and gated.line.runs else ""
        word, numbers = "not enough data", {**numbers, REASON: f"{lost(gated.counts) or TOO_FEW}{lacks}"}
    elif word == "not enough data" and criterion.word(1, 1) == "fails":
        one = f"one of the {count_of(tests, 'comparison')} fails by its 95 % interval"
        numbers = {**numbers, REASON: f"{one}, but none by its {_percent(tests)} interval"}
    return LineVerdict(gated.line.name, word, _finite(numbers), criterion.clearance)


def _together(found: list[LineVerdict]) -> Numbers:
    """The evidence of all lines: of one alone its own; of several each under its line's name, and of more than `SHOWN`
    how many there are of each verdict and those of the ones that decide which are nearest to failing."""
    if len(found) == 1:
        return found[0].numbers
    decides = worst(line.word for line in found)
    out: dict[str, Value] = {}
    if len(found) > SHOWN:
        out = {"lines": len(found), **Counter(line.word for line in found)}
        found = sorted((line for line in found if line.word == decides), key=lambda line: line.clearance)
    for line in found[:SHOWN]:
        numbers = {"verdict": line.word, **line.numbers}
        out |= {f"{line.name}: {key}": value for key, value in numbers.items()}
    return out


def _counts(lines: list[Gated]) -> dict[str, Value]:
    """Trials that count, those of the cell that has fewest, and how many do not count, by reason."""
    total = Counter[str]()
    for one in lines:
        total.update(one.counts)
    without = {fate: n for fate, n in total.items() if n and fate not in ("planned", "finished")}
    short = {"planned": total["planned"]} if without else {}
    return {"trials": total["finished"], "seeds": min((one.seeds for one in lines), default=0), **short, **without}


def _finite(numbers: Numbers) -> Numbers:
    """Without those that JSON cannot write: an interval that is not known has none."""
    return {k: v for k, v in numbers.items() if all(map(_writable, v if isinstance(v, list) else [v]))}


def _writable(value: float | int | str) -> bool:
    return isinstance(value, str) or abs(value) < float("inf")
