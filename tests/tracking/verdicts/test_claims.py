"""Every claim in the folder: on rows where it must hold, where it must fail, and where nothing can be said."""

import json
from dataclasses import replace

import pytest

from tests.support.made_up.claim_cases import CASES, Case, of
from tests.support.made_up.claim_rows import Trial, claim, judged
from tracking.verdicts.claim import CLAIMS
from tracking.verdicts.wording import capitalised

NAMES = CLAIMS.names()


def named(case: Case) -> str:
    return f"{case.claim}-{case.verdict}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_verdict(case: Case) -> None:
    found = judged(case.trials, case.claim, **case.fields)
    assert found.verdict == case.verdict, found.evidence
    json.dumps(found.evidence, allow_nan=False)


@pytest.mark.parametrize(
    ("classes", "fields", "verdict"),
    [(2, {}, "holds"), (10, {}, "fails"), (0, {}, "not enough data"), (0, {"chance": 0.5}, "holds")],
)
def test_the_error_of_guessing_is_that_of_the_classes_of_the_data(
    classes: int, fields: dict[str, float], verdict: str
) -> None:
    trials = [Trial({"net.width": 4}, {"error test": [value]}, classes=classes) for value in (0.499, 0.5, 0.501)]
    found = judged(trials, "chance_error", **fields)
    assert found.verdict == verdict and (classes or fields or "number of classes" in str(found.evidence["not_enough"]))


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_in_the_folder_has_its_three_cases(name: str) -> None:
    assert {case.verdict for case in CASES if case.claim == name} == {"holds", "fails", "not enough data"}


@pytest.mark.parametrize("case", of("holds"), ids=named)
def test_a_verdict_says_its_criterion_and_statement(case: Case) -> None:
    found = judged(case.trials, case.claim, **case.fields)
    assert str(found.evidence["criterion"]).startswith(claim(case.claim, **case.fields).criterion())
    assert found.statement == capitalised(claim(case.claim, **case.fields).tested())
    assert judged(case.trials, case.claim, **case.fields, statement="as the memo says").statement == "as the memo says"


@pytest.mark.parametrize("state", ["missing", "failed", "diverged"])
@pytest.mark.parametrize("case", of("holds"), ids=named)
def test_what_holds_is_open_with_one_seed_more_that_did_not_finish(case: Case, state: str) -> None:
    """Fewer seeds may be declared enough; a trial that diverged is never passed over."""
    trials = [*case.trials, lost(case, state)]
    found = judged(trials, case.claim, **case.fields)
    assert found.verdict == "not enough data" and found.evidence[state] == 1, found.evidence
    enough = judged(trials, case.claim, **case.fields, at_least=1).verdict
    assert enough == ("not enough data" if state == "diverged" else "holds")


@pytest.mark.parametrize("case", of("fails"), ids=named)
def test_what_contradicts_each_trial_decides_whatever_is_missing(case: Case) -> None:
    each_trial = claim(case.claim, **case.fields).needs(frozenset(case.trials[0].settings)).each_trial
    settings = {trial.cell: trial.settings for trial in case.trials}.values()
    for state in ("missing", "diverged"):
        lost_everywhere = [Trial(one, {}, state) for one in settings]
        found = judged([*case.trials, *lost_everywhere], case.claim, **case.fields)
        assert found.verdict == ("fails" if each_trial else "not enough data")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_said_where_nothing_is_recorded(name: str) -> None:
    case = next(case for case in of("holds") if case.claim == name)
    trials = [replace(trial, state="missing") for trial in case.trials]
    assert judged(trials, name, **case.fields).verdict == "not enough data"


def lost(case: Case, state: str) -> Trial:
    """One seed more in the first cell, of which there are no numbers."""
    return Trial(case.trials[0].settings, {}, state)
