"""The contract of a claim, put to the test on rows made up for it: `sweep check claims/mine.py`.

Rows are changed in ways whose effect on any honest verdict is known (the order of trials, values that are not finite,
trials that are missing); what the claim says of the rows themselves is its own matter.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from tracking.analysis.frame import Frame, Planned, frame, in_memory
from tracking.common.errors import SweepError
from tracking.common.named_files.contract import Check
from tracking.common.named_files.lookup import where
from tracking.verdicts.claim import CLAIMS, Claim
from tracking.verdicts.verify import judged

WIDTHS, SEEDS, STEPS = (2, 8, 32), 4, 5
COLUMNS = ["trial", "step", "split", "measure", "layer", "value"]
UGLY = (math.inf, -math.inf, math.nan)
Row = tuple[int, str, str, str, float]  # step, split, measure, layer, value


@dataclass(frozen=True)
class Made:
    """A trial that was made up. rows: None where it is missing."""

    width: int
    seed: int
    rows: tuple[Row, ...] | None


def checks(name: str, given: Mapping[str, object]) -> Iterator[Check]:
    """Each part of the contract of the claim with this name. given: its settings, for those that have no default."""
    made: list[Claim] = []

    def load() -> str:
        made.append(CLAIMS.load(name).Settings.model_validate({"name": name, **given}))
        return "" if made[0].tested() and made[0].criterion() else "tested() or criterion() says nothing"

    yield _check(name, "it is loaded, and says what it tests and when it holds", load)
    if made:
        for about, test in _tests(made[0]).items():
            yield _check(name, about, test)


def _tests(claim: Claim) -> dict[str, Callable[[], str]]:
    trials = _trials()
    few = [t for t in trials if t.seed == 0]
    missing = [replace(t, rows=None) if t.seed == 0 else t for t in trials]
    return {
        "it judges rows of three widths and four seeds": lambda: _refused(claim, trials),
        "the order of the trials does not matter": lambda: _changed(claim, trials, trials[::-1]),
        "no value that is not finite makes it hold": lambda: _held([_word(claim, bad) for bad in _ugly(trials)]),
        "it does not hold while planned trials are missing": lambda: _held([_word(claim, missing)]),
        "nothing recorded is not enough data": lambda: _held([_word(claim, [replace(t, rows=None) for t in trials])]),
        "one seed says less than four": lambda: _one_seed(claim, few),
        "there are rows of which it does not hold": lambda: _always(claim, trials),
    }


def _check(name: str, about: str, test: Callable[[], str]) -> Check:
    try:
        return Check(about, test())
    except SweepError as error:
        return Check(about, str(error))
    except Exception as error:
        return Check(about, f"{where(error, CLAIMS.place(name))}: {type(error).__name__}: {error}")


def _refused(claim: Claim, trials: Sequence[Made]) -> str:
    verdict = judged(_frame(trials), claim)
    return str(verdict.evidence.get("reason", ""))


def _changed(claim: Claim, trials: Sequence[Made], others: Sequence[Made]) -> str:
    before, after = _word(claim, trials), _word(claim, others)
    return "" if before == after else f"{before}, and then {after}"


def _held(words: Sequence[str]) -> str:
    return "it says holds" if "holds" in words else ""


def _one_seed(claim: Claim, few: Sequence[Made]) -> str:
    """A claim about means needs two seeds; one about every trial by itself may judge one."""
    if claim.needs(frozenset({"net.width"})).each_trial or claim.min_seeds == 1:
        return ""
    return _held([_word(claim, few)])


def _word(claim: Claim, trials: Sequence[Made]) -> str:
    verdict = judged(_frame(trials), claim)
    return verdict.verdict


def _always(claim: Claim, trials: Sequence[Made]) -> str:
    """A claim that holds whatever the values are says nothing."""
    others: list[Callable[[float], float]] = [lambda v: v, lambda v: 1 - v, lambda v: 0.0, lambda v: 1.0]
    words = {_word(claim, [_with(trial, change) for trial in trials]) for change in others}
    return "it says holds of values that fall, that rise, and that are all 0 or 1" if words == {"holds"} else ""


def _with(trial: Made, change: Callable[[float], float]) -> Made:
    """The trial with other errors and risks."""
    rows = ((step, split, y, layer, change(v) if split else v) for step, split, y, layer, v in trial.rows or ())
    return replace(trial, rows=tuple(rows))


def _trials() -> list[Made]:
    return [Made(width, seed, tuple(_rows(width, seed))) for width in WIDTHS for seed in range(SEEDS)]


def _rows(width: int, seed: int) -> Iterator[Row]:
    """Errors and risks that fall over the steps, a little different for each seed."""
    for step in range(STEPS):
        for split, above in (("train", 0.0), ("test", 0.1)):
            error = 0.6 / (1 + step) / width + above + 0.002 * seed
            yield step, split, "error", "", error
            yield step, split, "risk", "", 2 * error
        yield step, "", "parameters", "", 10.0 * width


def _ugly(trials: Sequence[Made]) -> Iterator[list[Made]]:
    """One trial whose last errors and risks are not finite."""
    for value in UGLY:
        rows = tuple(row if row[0] < STEPS - 1 or not row[1] else (*row[:4], value) for row in trials[-1].rows or ())
        yield [*trials[:-1], replace(trials[-1], rows=rows)]


def _frame(trials: Sequence[Made]) -> Frame:
    ids = {f"w{t.width}s{t.seed}": t for t in trials}
    planned = [Planned(id, f"w{t.width}", t.seed, {"net.width": t.width}, 10) for id, t in ids.items()]
    there = {id: t.rows for id, t in ids.items() if t.rows is not None}
    outcomes = {id: {"state": "finished", "step": STEPS - 1, "reason": "", "digest": ""} for id in there}
    rows = [(id, *row) for id, found in there.items() for row in found]
    return frame(planned, outcomes, in_memory(pd.DataFrame(rows, columns=COLUMNS).astype({"value": float})))
