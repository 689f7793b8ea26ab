"""Every kind of wrong verdict that was found has a test that failed before; this is the list of them."""

import ast
from functools import cache

import pytest

from orchestrator.spec import load
from tests.support.checkout import ROOT
from tests.support.made_up.claim_rows import last, recorded
from tracking.verdicts.verify import verify

UGLY, GATE, META = (f"tests/tracking/verdicts/test_{name}.py" for name in ("ugly_rows", "gate", "metamorphic"))
SPEC = "tests/orchestrator/spec/test_{}.py".format
KINDS = {
    "values that are not finite are dropped": (
        f"{UGLY}::test_infinite_risks_are_counted_and_never_passed_over",
        f"{UGLY}::test_an_axis_that_ends_in_no_number_is_no_shape",
        f"{META}::test_a_value_that_is_no_number_never_makes_a_claim_hold",
        "tests/tracking/analysis/test_aggregate.py::test_a_value_that_is_not_finite_is_counted_not_averaged",
    ),
    "threshold_peak without a peak": (
        f"{UGLY}::test_a_peak_is_higher_than_both_ends",
        f"{UGLY}::test_a_constant_has_no_peak",
    ),
    "norm_grows of a norm that falls": (f"{UGLY}::test_a_norm_that_falls_does_not_grow",),
    "log_rate of what is no logarithm": (f"{UGLY}::test_a_slope_is_no_logarithm",),
    "linear_relation of equal points or one outlier": (
        f"{UGLY}::test_one_outlier_is_no_line_and_equal_points_are_none",
    ),
    "gap_shrinks of a gap that changes sign": (f"{UGLY}::test_a_gap_of_the_other_sign_is_a_gap",),
    "more_data_helps with sizes below from_size": (f"{UGLY}::test_more_data_is_judged_by_the_sizes_there_are",),
    "settles where trials end at different steps": (f"{UGLY}::test_each_trial_settles_at_its_own_end",),
    "ignorance called agreement": (f"{UGLY}::test_ignorance_is_no_agreement",),
    "two standard errors whatever n": (
        f"{UGLY}::test_two_standard_errors_of_two_seeds_are_not_enough",
        "tests/tracking/verdicts/test_calibration.py::test_what_is_just_not_true_seldom_holds",
    ),
    "one of many comparisons fails by chance": (
        "tests/tracking/verdicts/test_calibration.py::test_of_many_kinds_of_perturbation_one_seldom_fails_by_chance",
    ),
    "lines pooled, networks left out": (
        f"{UGLY}::test_every_line_is_judged_for_itself",
        f"{UGLY}::test_networks_that_are_left_out_decide_too",
        f"{META}::test_a_line_that_fails_makes_the_claim_fail",
    ),
    "C19 is not Theorem 4": (
        "tests/tracking/verdicts/test_found_kinds.py::test_theorem_4_fails_for_a_hessian_of_full_rank",
    ),
    "C6 with too few parameters": (f"{UGLY}::test_no_overfitting_says_nothing_of_nets_that_are_small_for_their_data",),
    "fits_random_labels on true labels": (f"{UGLY}::test_true_labels_are_no_random_ones",),
    "returns_to_zero after the next perturbation": (f"{UGLY}::test_a_return_after_the_next_perturbation_is_none",),
    "an axis without an order": (
        f"{UGLY}::test_an_axis_without_order_gives_no_verdict",
        "tests/tracking/verdicts/test_check.py::test_an_axis_without_order_is_refused",
    ),
    "an axis value that vanishes": (f"{SPEC('cases')}::test_means_as_many_trials",),
    "failed and missing trials": (
        f"{UGLY}::test_seeds_that_did_not_finish_make_a_verdict_doubtful",
        f"{GATE}::test_a_cell_below_the_planned_seeds_is_not_complete_unless_fewer_are_enough",
    ),
    "a traceback that looks like fails": (f"{UGLY}::test_what_cannot_be_computed_is_a_verdict_and_no_traceback",),
    "found only after training": (
        f"{SPEC('bad_sweeps')}::test_is_refused_at_its_line_in_plain_words",
        "tests/tracking/plotting/test_figures.py::test_what_cannot_be_drawn_costs_only_itself",
    ),
    "a condition that matches nothing": (
        f"{SPEC('cases')}::test_is_refused_once_at_its_line",
        f"{SPEC('expand')}::test_a_condition_that_no_combination_fulfils_is_refused",
    ),
    "intervals outside the possible": (
        "tests/tracking/analysis/test_intervals.py::test_within_bounds_and_around_the_mean",
        "tests/tracking/analysis/test_intervals.py::test_difference_of_shares_stays_within_one",
    ),
    "a risk of 5.7e23 counts as finished": (
        "tests/workers/training/test_network.py::test_a_risk_that_is_finite_and_beyond_the_stated_bound_has_diverged",
        "tests/workers/experiments/test_regression.py::"
        "test_a_risk_above_the_bound_is_recorded_as_diverged_though_it_is_finite",
    ),
}


@cache
def functions(file: str) -> set[str]:
    return {node.name for node in ast.walk(ast.parse((ROOT / file).read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_tests(kind: str) -> None:
    assert [test for test in KINDS[kind] if test.split("::")[1] not in functions(test.split("::")[0])] == []


def test_theorem_4_fails_for_a_hessian_of_full_rank() -> None:
    """Positive semidefinite it is; but no eigenvalue is zero."""
    sweep = load.read("theorem4")
    claims = [claim for claim in sweep.claims if claim.label.startswith("C19")]
    full = {"zero": [0.0] * 3, "smallest_relative": [0.01, 0.02, 0.03]}
    rows = last({"loss": "square", "ridge": 0.0}, full)
    found = {verdict.label: verdict.verdict for verdict in verify(recorded(rows), claims)}
    assert found == {"C19": "fails", "C19 semidefinite": "holds"}
