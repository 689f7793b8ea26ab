"""A verdict is said in one sentence: the criterion, the numbers that decided, and of how many trials."""

from tests.support.made_up.claim_rows import judged, last
from tests.support.made_up.claim_trials import risks, widths
from tracking.verdicts.finding import Verdict
from tracking.verdicts.sentence import sentence

INF = float("inf")


def test_a_claim_with_one_line_says_criterion_interval_and_seeds() -> None:
    said = sentence(judged(widths([0.5, 0.4, 0.3]), "no_overfitting"))
    assert said.startswith("Asked: the 95 % intervals")
    assert "of test error at the largest parameters minus" in said
    assert "95% interval" in said and "at largest 0.3" in said and "largest parameters 1,000 " in said
    assert said.endswith("seeds a cell).")


def test_of_several_lines_the_one_that_decided_is_said() -> None:
    lines = [*last({"noise": 0}, {"risk test": [1.0, 1.1, 0.9]}), *last({"noise": 1}, {"risk test": [9.0, 9.1, 8.9]})]
    said = sentence(judged(lines, "bounded", y="risk", split="test", high=2.0))
    assert "at noise 1: " in said and "noise 0" not in said


def test_what_is_lacking_comes_before_any_number() -> None:
    said = sentence(judged(last({}, {"risk test": [INF, INF, 8.16]}), "bounded", y="risk", split="test", high=1e15))
    assert "Found: lacking: of 3 trials 2 not finite" in said
    assert "2 not finite)" in said


def test_a_claim_that_cannot_be_judged_says_why() -> None:
    found = judged(risks([1, 2], [1, 1], [0.0, 0.0]), "bounded", y="no_such", split="test", high=1.0)
    assert sentence(found) == f"Not judged: {found.evidence['reason']}." and "no_such" in sentence(found)


def test_what_lies_along_x_has_the_name_that_the_sweep_gives_it() -> None:
    evidence = {"criterion": "c", "fitted_x": [1.0, 2.0], "trials": 2, "seeds": 1}
    assert (
        sentence(Verdict("a", "holds", evidence, "", "", "data.a_b"))
        == "Asked: c. Found: fitted data.a_b 1, 2 (2 trials, 1 seeds a cell)."
    )
