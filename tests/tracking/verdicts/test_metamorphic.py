"""What no verdict may do, for every claim file of now and later, on the rows of its own cases.

Rows are changed in a way whose effect on the verdict is known: whoever adds a claim with its cases gets these tests for
nothing. A claim stands in one of the lists of exceptions only with a reason.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.made_up.claim_cases import CASES, Case, of
from tests.support.made_up.claim_rows import Trial, claim, judged
from tracking.verdicts.claim import Needs

HOLDS, FAILS, OPEN = "holds", "fails", "not enough data"
UGLY = (math.inf, -math.inf, math.nan)

POOLED = {"ranks", "ranks_granulated", "linear_relation"}  # every trial is a network, so that there are no lines
ABSOLUTE_X = {  # x is compared with numbers in the claim's settings, or with another measure
    "fits_random_labels", "more_data_helps", "overfits_eventually",
}  # fmt: skip
ABSOLUTE_Y = {  # y is compared with numbers in the claim's settings, in its own units
    "agrees", "balanced", "bounded", "chance_error", "exceeds_control", "fits_random_labels", "log_rate",
    "longer_is_no_worse",
    "more_data_helps", "no_overfitting", "overfits_eventually", "returns_to_zero", "seeds_agree", "settles", "tracks",
}  # fmt: skip
BOTH_SPLITS = {"gap_shrinks"}  # y is the difference of test and training error
OTHER_UNITS = {"parameters", "time", "n", "perturbations", "error train", "risk train"}  # not those of y
NO_DIRECTION = {  # x only tells trials apart, or has no order
    "fits_random_labels",
    "risk_overfits",
}
CONSTANT_IS_RIGHT = {  # what they say is true of a measure that never changes
    "no_overfitting", "agrees", "bounded", "settles", "chance_error", "as_expected", "balanced", "fits_random_labels",
    "returns_to_zero", "gap_shrinks", "longer_is_no_worse",
}  # fmt: skip

examples = settings(max_examples=5, deadline=None)


def named(case: Case) -> str:
    return f"{CASES.index(case)}-{case.claim}-{case.verdict}"


def told(case: Case, trials: list[Trial]) -> str:
    return judged(trials, case.claim, **case.fields).verdict


def needs(case: Case) -> Needs:
    names = frozenset(name for trial in case.trials for name in trial.settings)
    return claim(case.claim, **case.fields).needs(names)


def every(*cases: Case) -> Callable[[Any], Any]:
    return pytest.mark.parametrize("case", cases, ids=named)


@every(*CASES)
@examples
@given(data=st.data())
def test_the_order_of_trials_and_the_numbers_of_seeds_do_not_matter(case: Case, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, 1000))
    counted: dict[str, int] = {}
    trials = []
    for trial in case.trials:
        seed = counted[trial.cell] = counted.get(trial.cell, -1) + 1
        trials.append(replace(trial, seed=offset + seed))
    assert told(case, data.draw(st.permutations(trials))) == case.verdict


@every(*CASES)
@examples
@given(data=st.data())
def test_a_value_that_is_no_number_never_makes_a_claim_hold(case: Case, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(case.trials) - 1))
    trial = case.trials[place]
    name = data.draw(st.sampled_from(sorted(trial.values)))
    step = data.draw(st.integers(0, len(trial.values[name]) - 1))
    series = [*trial.values[name]]
    series[step] = data.draw(st.sampled_from(UGLY))
    ugly = replace(trial, values={**trial.values, name: series})
    found = told(case, [*case.trials[:place], ugly, *case.trials[place + 1 :]])
    assert found != HOLDS or case.verdict == HOLDS
    if step == len(series) - 1 and name in looked_at(case):
        assert found != HOLDS


@every(*CASES)
@examples
@given(data=st.data())
def test_trials_that_are_lost_never_make_a_claim_hold(case: Case, data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.integers(0, len(case.trials) - 1), min_size=1))
    state = data.draw(st.sampled_from(["missing", "failed", "diverged"]))
    trials = [replace(t, state=state if i in lost else t.state) for i, t in enumerate(case.trials)]
    assert told(case, trials) != HOLDS


@every(*CASES)
@examples
@given(data=st.data())
def test_cells_that_were_never_planned_never_turn_a_failure(case: Case, data: st.DataObject) -> None:
    """Fewer seeds in the plan give wider intervals: what fails may become open, and never hold."""
    if case.verdict != FAILS or needs(case).each_trial or needs(case).per == "all":
        return
    seeds = data.draw(st.integers(2, 3))
    counted: dict[str, int] = {}
    kept = []
    for trial in case.trials:
        counted[trial.cell] = counted.get(trial.cell, 0) + 1
        if counted[trial.cell] <= seeds:
            kept.append(trial)
    assert told(case, kept) != HOLDS


@every(*(case for case in CASES if not needs(case).each_trial and needs(case).per != "all"))
def test_one_seed_is_not_enough_for_a_mean(case: Case) -> None:
    first = {trial.cell: trial for trial in reversed(case.trials)}
    assert told(case, list(first.values())) == OPEN


@every(*(case for case in CASES if case.claim not in POOLED))
def test_a_line_twice_says_the_same(case: Case) -> None:
    assert told(case, [*on_line("a", case), *on_line("b", case)]) == case.verdict


@every(*(case for case in of(FAILS) if case.claim not in POOLED))
def test_a_line_that_fails_makes_the_claim_fail(case: Case) -> None:
    others = [one for one in CASES if (one.claim, one.fields) == (case.claim, case.fields)]
    for other in others:
        assert told(case, [*on_line("good", other), *on_line("bad", case)]) == FAILS


@every(*(case for case in CASES if case.claim not in ABSOLUTE_X and needs(case).x is not None))
@examples
@given(factor=st.sampled_from([1e-3, 0.5, 7.0, 1e4]))
def test_the_unit_of_x_does_not_matter(case: Case, factor: float) -> None:
    trials = [along(trial, needs(case), lambda x: x * factor) for trial in case.trials]
    assert told(case, trials) == case.verdict


@every(*(case for case in CASES if case.claim not in ABSOLUTE_Y))
@pytest.mark.parametrize("factor", [0.125, 1024.0])
def test_the_unit_of_y_does_not_matter(case: Case, factor: float) -> None:
    y = looked_at(case) - OTHER_UNITS | ({"error train"} if case.claim in BOTH_SPLITS else set())
    trials = [
        replace(t, values={n: [factor * v for v in vs] if n in y else vs for n, vs in t.values.items()})
        for t in case.trials
    ]
    assert told(case, trials) == case.verdict


@every(*(case for case in of(HOLDS) if case.claim not in NO_DIRECTION and needs(case).x is not None))
def test_nothing_holds_in_both_directions(case: Case) -> None:
    assert told(case, [along(trial, needs(case), lambda x: 1e6 - x) for trial in case.trials]) != HOLDS


@every(*(case for case in of(HOLDS) if case.claim not in CONSTANT_IS_RIGHT))
def test_a_constant_has_no_shape(case: Case) -> None:
    """Everything that is measured, but x, a clock, a count and what tells whether the training set is fitted."""
    y = looked_at(case) - OTHER_UNITS - {"expected_null_norm"}
    trials = [replace(t, values={n: [2.0] * len(v) if n in y else v for n, v in t.values.items()}) for t in case.trials]
    assert told(case, trials) != HOLDS


@every(*CASES)
def test_evidence_is_the_same_when_asked_again(case: Case) -> None:
    one, two = (judged(case.trials, case.claim, **case.fields) for _ in range(2))
    assert one == two


def looked_at(case: Case) -> set[str]:
    """The measures that a claim looks at, as the rows of its cases name them."""
    found = set[str]()
    for measured in needs(case).measures.values():
        name = f"{measured.y} {measured.split}".strip()
        found |= {one for trial in case.trials for one in trial.values if one.split("  ")[0] == name}
    return found


def on_line(name: str, case: Case) -> list[Trial]:
    """The same trials with one setting more."""
    return [replace(trial, settings={**trial.settings, "line": name}) for trial in case.trials]


def along(trial: Trial, needs: Needs, change: Callable[[float], float]) -> Trial:
    """The trial elsewhere along x, be it a setting or a measure."""
    assert needs.x is not None
    if needs.x in trial.settings:
        moved: Mapping[str, Any] = {**trial.settings, needs.x: change(trial.settings[needs.x])}
        return replace(trial, settings=moved)
    series = [change(value) for value in trial.values[needs.x]]
    return replace(trial, values={**trial.values, needs.x: series})
