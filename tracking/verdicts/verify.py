"""From rows to verdicts: every line of a claim is judged for itself, and all must hold.

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
from tracking.common.errors import Refused, SweepError
from tracking.common.named_files.lookup import Place, where
from tracking.verdicts.claim import Claim
from tracking.verdicts.finding import BROKEN, Finding, Numbers, Value, Verdict, lacking, worst
from tracking.verdicts.gate import Gated, gated
from tracking.verdicts.wording import capitalised, of_lines

if TYPE_CHECKING:
    from tracking.analysis.frame import Frame

__all__ = ["Verdict", "judged", "verify"]

LOG = logging.getLogger(__name__)

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
        each_trial = _each_trial(frame, claim)
        found = [(one.line.name, _finite(_judged(claim, one, each_trial))) for one in lines]
        word, numbers = worst(finding.word for _, finding in found), _together(found)
        evidence: Numbers = {"criterion": _criterion(claim), **numbers, **_counts(lines)}
        said = of_lines(claim.found(), found, word)
    except Refused as refusal:
        word, evidence = "not enough data", {"reason": str(refusal)}
    return Verdict(claim.name, word, evidence, claim.statement or capitalised(claim.tested()), claim.label, said)


def _criterion(claim: Claim) -> str:
    """The claim's criterion, and of which trials, in words."""
    return f"{claim.criterion()}; of trials that end with {claim.reached}" if claim.reached else claim.criterion()


def _refuse(frame: "Frame", claim: Claim) -> None:
    """Refuses what the claim itself finds wrong with these trials."""
    chosen = selected(frame, claim.where).trials[settings_of(frame)]
    for problem in claim.problems([{str(k): v for k, v in one.items()} for one in chosen.to_dict("records")]):
        raise Refused(problem)


def _each_trial(frame: "Frame", claim: Claim) -> bool:
    return claim.needs(frozenset(settings_of(frame))).each_trial


def _judged(claim: Claim, gated: Gated, each_trial: bool) -> Finding:
    found = claim.judge(gated.line) if gated.line.runs else lacking("no trial that counts")
    if gated.complete or (found.fails and each_trial):
        return found
    return Finding("not enough data", {**found.numbers, "lacking": _missing(gated)})


def _missing(gated: Gated) -> str:
    lost = ", ".join(f"{n} {fate}" for fate, n in gated.counts.items() if n and fate not in ("planned", "finished"))
    return f"of {gated.counts['planned']} trials {lost}" if lost else "more seeds"


def _together(found: list[tuple[str, Finding]]) -> Numbers:
    """The evidence of all lines: of one alone its own; of several each under its line's name, and of more than `SHOWN`
    how many there are of each verdict and those that decide."""
    if len(found) == 1:
        return found[0][1].numbers
    decides = worst(finding.word for _, finding in found)
    out: dict[str, Value] = {}
    if len(found) > SHOWN:
        out = {"lines": len(found), **Counter(finding.word for _, finding in found)}
        found = [(name, finding) for name, finding in found if finding.word == decides]
    for name, finding in found[:SHOWN]:
        numbers = {"verdict": finding.word, **finding.numbers}
        out |= {f"{name}: {key}": value for key, value in numbers.items()}
    return out


def _counts(lines: list[Gated]) -> dict[str, Value]:
    """Trials that count, those of the cell that has fewest, and how many do not count, by reason."""
    total = Counter[str]()
    for one in lines:
        total.update(one.counts)
    lost = {fate: n for fate, n in total.items() if n and fate not in ("planned", "finished")}
    short = {"planned": total["planned"]} if lost else {}
    return {"trials": total["finished"], "seeds": min((one.seeds for one in lines), default=0), **short, **lost}


def _finite(found: Finding) -> Finding:
    """Without numbers that JSON cannot write: an interval that is not known has none."""
    numbers = {k: v for k, v in found.numbers.items() if all(map(_writable, v if isinstance(v, list) else [v]))}
    return Finding(found.word, numbers)


def _writable(value: float | int | str) -> bool:
    return isinstance(value, str) or abs(value) < float("inf")
