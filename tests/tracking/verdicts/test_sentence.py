"""A verdict is said in sentences: what was found, of how many trials, and the criterion."""

from typing import Any

import pytest

from tests.support.made_up.claim_cases import CASES, Case
from tests.support.made_up.claim_rows import judged, last
from tests.support.made_up.claim_trials import risks, widths
from tracking.verdicts.claim import CLAIMS
from tracking.verdicts.criterion import Word
from tracking.verdicts.finding import LineVerdict, Verdict
from tracking.verdicts.sentence import criterion_sentence, found_sentence, sentence
from tracking.verdicts.wording import capitalised, in_words, of_lines

INF = float("inf")


def test_a_claim_with_one_line_says_what_was_found_then_the_criterion() -> None:
    verdict = judged(widths([0.5, 0.4, 0.3]), "no_overfitting")
    assert found_sentence(verdict).startswith(
        "Found: test error is 0.3 at 1,000 parameters; its excess over that at 100 parameters, the closest "
        "comparison, is "
    )
    assert "(95 % interval " in found_sentence(verdict) and found_sentence(verdict).endswith(
        "; 9 trials, 3 seeds per cell."
    )
    assert criterion_sentence(verdict).startswith("Criterion: the 95 % intervals (Welch) of test error at the largest")
    assert sentence(verdict) == f"{found_sentence(verdict)} {criterion_sentence(verdict)}"


def test_of_several_lines_the_one_that_decided_is_said() -> None:
    lines = [*last({"noise": 0}, {"risk test": [1.0, 1.1, 0.9]}), *last({"noise": 1}, {"risk test": [9.0, 9.1, 8.9]})]
    said = sentence(judged(lines, "bounded", y="risk", split="test", high=2.0))
    assert "1 of 2 lines fails (noise 1): test risk is from 8.9 to 9.1" in said and "noise 0" not in said


def test_of_lines_that_decide_together_one_is_an_example() -> None:
    lines = [LineVerdict(f"width {w}", "holds", {"mean": w}, 1.0) for w in (2, 4)]
    assert of_lines("mean {mean}", lines, "holds") == "both lines hold (such as width 2): mean 2"
    assert of_lines("mean {mean}", lines * 2, "holds") == "all 4 lines hold (such as width 2): mean 2"


def test_the_example_of_several_lines_is_the_one_that_is_nearest_to_failing_or_fails_most_clearly() -> None:
    def said(word: Word, *clearances: float) -> str:
        lines = [LineVerdict(f"line {c:g}", word, {"mean": c}, c) for c in clearances]
        return of_lines("mean {mean}", [*lines, LineVerdict("other", "holds", {"mean": 0}, 9.0)], word)

    assert said("not enough data", 0.5, -0.9, 0.1) == (
        "3 of 4 lines have not enough data (nearest to failing: line -0.9): mean -0.9"
    )
    assert said("fails", -1.5, -7.0) == "2 of 3 lines fail (clearest: line -7): mean -7"


@pytest.mark.parametrize(
    ("claim", "fields", "values"),
    [
        ("chance_error", {}, {"a": [0.9005, 0.9, 0.8995], "b": [0.9055, 0.905, 0.9045], "c": [0.9, 0.9005, 0.8994]}),
        ("bounded", {"y": "error", "split": "test", "high": 2.0}, {"a": [1.0, 1.2], "b": [1.9, 1.0], "c": [1.8, 1.7]}),
    ],
)
def test_the_line_that_is_shown_is_the_nearest_to_the_bound(
    claim: str, fields: dict[str, Any], values: dict[str, list[float]]
) -> None:
    trials = [trial for line, each in values.items() for trial in last({"line": line}, each)]
    found = judged(trials, claim, **fields)
    assert (found.verdict, "all 3 lines hold (nearest to failing: b)" in found.found) == ("holds", True)


def test_what_is_lacking_comes_before_any_number() -> None:
    said = sentence(judged(last({}, {"risk test": [INF, INF, 8.16]}), "bounded", y="risk", split="test", high=1e15))
    assert "Found: of 3 trials 2 have values that are not finite; test risk is 8.16; 1 trial, 1 seed per cell." in said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([INF, INF, INF], "Found: all 3 trials have values that are not finite."),
        ([INF, INF], "Found: both trials have values that are not finite."),
        ([INF], "Found: the only trial has a value that is not finite."),
    ],
)
def test_trials_that_do_not_count_are_told_once(values: list[float], said: str) -> None:
    verdict = judged(last({}, {"risk test": values}), "bounded", y="risk", split="test", high=1e15)
    assert found_sentence(verdict) == said


def test_of_several_lines_all_trials_that_do_not_count_are_told() -> None:
    lines = [*last({"noise": 0}, {"risk test": [INF, INF]}), *last({"noise": 1}, {"risk test": [1.0, INF]})]
    said = found_sentence(judged(lines, "bounded", y="risk", split="test", high=2.0))
    assert said.endswith("; 1 trial, 0 seeds per cell, 3 not finite.")


def test_a_single_thing_is_said_in_the_singular() -> None:
    one = {"a": 1, "b": 1}
    assert in_words("the slowest takes {a} steps, {b} more networks do not", one) == (
        "the slowest takes 1 step, 1 more network does not"
    )
    assert in_words("{a} of {b} trials have both events, {a} of {c} comparisons", {**one, "c": 3}) == (
        "the only trial has both events, 1 of 3 comparisons"
    )
    assert in_words("{a} steps, {c} steps, {d} times", {"a": 0.1, "c": 21, "d": 1}) == "0.1 steps, 21 steps, 1 times"


@pytest.mark.parametrize("case", [case for case in CASES if case.verdict != "not enough data"], ids=lambda c: c.claim)
def test_every_claim_has_words_for_what_it_found(case: Case) -> None:
    """And its evidence has the numbers that they name, so that not all clauses are left out."""
    claim = CLAIMS.load(case.claim).Settings.model_validate({"name": case.claim, **case.fields})
    verdict = judged(case.trials, case.claim, **case.fields)
    listed = in_words("", {key: value for key, value in verdict.evidence.items() if key != "criterion"})
    assert claim.found() and verdict.found and verdict.found != listed
    assert "{" not in verdict.found and "95 % interval nan" not in verdict.found


def test_a_claim_that_cannot_be_judged_says_why() -> None:
    verdict = judged(risks([1, 2], [1, 1], [0.0, 0.0]), "bounded", y="no_such", split="test", high=1.0)
    assert sentence(verdict) == f"Not judged: {verdict.evidence['reason']}." and "no_such" in sentence(verdict)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("a mean of {mean}; at {x}", "a mean of 0.25; at 1 and 2"),
        ("a mean of {mean}; slowest {slowest}", "a mean of 0.25"),
        ("{mean:.0%} of them", "25% of them"),
        ("slowest {slowest}", "0.25 (95 % interval 0.2 to 0.3); mean 0.25; x 1 and 2"),
        ("", "0.25 (95 % interval 0.2 to 0.3); mean 0.25; x 1 and 2"),
    ],
)
def test_a_clause_whose_number_is_missing_is_left_out(words: str, said: str) -> None:
    assert in_words(words, {"mean": 0.25, "x": [1.0, 2.0], "interval": "0.25 (95 % interval 0.2 to 0.3)"}) == said


def test_numbers_are_said_as_in_a_paper() -> None:
    """In three digits; all of them as "all 52"; a range of equal ends, and the seeds of one cell, as one number."""
    assert in_words("at {a} of {b} steps, from {c} to {d}", {"a": 52, "b": 52, "c": 0.12345, "d": 0.12345}) == (
        "at all 52 steps, 0.123"
    )
    assert in_words("{a}, {b}, {c}, {d}", {"a": 1234.5, "b": 0.99952, "c": 1 - 1e-9, "d": 26000.0}) == (
        "1,234, 0.99952, 1, 26,000"
    )
    counts = {"trials": 3, "seeds": 3}
    assert found_sentence(Verdict("a", "holds", counts, "", found="it is 1")) == "Found: it is 1; 3 seeds."
    one = {"trials": 1, "seeds": 1}
    assert (
        found_sentence(Verdict("a", "holds", one, "", found="it is 1")) == "Found: it is 1; 1 trial, 1 seed per cell."
    )


def test_what_is_lacking_says_the_numbers_beside_it() -> None:
    lacks = {"not_enough": "a trial has fewer than 3 values of step", "points": 2}
    assert in_words("from {first} to {last}", lacks) == "a trial has fewer than 3 values of step (points 2)"
    assert in_words("", {"not_enough": "no trial counts"}) == "no trial counts"


@pytest.mark.parametrize(
    ("said", "capital"),
    [("test error falls.", "Test error falls."), ("net.width 2 and 4 agree.", "net.width 2 and 4 agree."), ("", "")],
)
def test_a_sentence_begins_with_a_capital_but_for_names(said: str, capital: str) -> None:
    assert capitalised(said) == capital
