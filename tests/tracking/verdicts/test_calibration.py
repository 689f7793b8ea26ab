"""The level that claims state is kept where they are just not true: the simulation of the benchmarks, in small."""

import numpy as np
import pytest

from benchmarks import calibration, power
from tests.support.made_up.claim_boundaries import BOUNDARIES, Boundary
from tests.support.made_up.claim_effects import EFFECTS, Effect
from tests.support.made_up.claim_lines import changes
from tests.support.made_up.claim_rows import claim
from tracking.verdicts.claim import CLAIMS

DRAWS = 60
TOO_MANY = 9  # of 60 draws at 5 %: in one of 1,000 tests


def test_every_claim_has_a_boundary_case() -> None:
    assert {boundary.claim for boundary in BOUNDARIES} == set(CLAIMS.names())


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=lambda b: f"{b.claim}: {b.truth}")
def test_what_is_just_not_true_seldom_holds(boundary: Boundary) -> None:
    noise = calibration.normal(np.random.default_rng(1))
    assert calibration.share(boundary, 3, noise, DRAWS) * DRAWS < TOO_MANY


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=lambda b: f"{b.claim}: {b.truth}")
def test_a_boundary_case_is_one_that_can_be_judged(boundary: Boundary) -> None:
    """A case for which data are always lacking would never hold, and show nothing."""
    line = boundary.line(5, lambda n: np.linspace(-1, 1, n))
    found = claim(boundary.claim, **boundary.fields).judge(line)
    assert "not_enough" not in found.numbers, found.numbers


def test_of_many_kinds_of_perturbation_one_seldom_fails_by_chance() -> None:
    """All of them change exactly by what they must exceed: none is shown to change by less."""
    noise = calibration.normal(np.random.default_rng(1))
    many = Boundary("exceeds_control", "", lambda n, z: changes(n, z, 0.02, -0.1, kinds=8))
    assert calibration.share(many, 5, noise, DRAWS, "fails") * DRAWS < TOO_MANY


QUICK = [b for b in BOUNDARIES if calibration.errs_by_failing(b) and len(b.line(2, np.ones).cells) == 1]


@pytest.mark.parametrize("boundary", QUICK, ids=lambda b: f"{b.claim}: {b.truth}")
def test_of_many_cells_that_are_just_true_one_seldom_fails_by_chance(boundary: Boundary) -> None:
    """Were each judged at 5 % of its own, half of the draws would have one that fails."""
    noise = calibration.normal(np.random.default_rng(1))
    assert calibration.share(boundary, 3, noise, DRAWS, "fails", lines=25) * DRAWS < TOO_MANY


def test_every_claim_about_means_has_a_line_by_effect() -> None:
    by_chance = {b.claim for b in BOUNDARIES if calibration.errs_by_failing(b)}
    assert {effect.claim for effect in EFFECTS} == by_chance


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda e: e.claim)
def test_what_is_true_by_far_is_found(effect: Effect) -> None:
    """With ten seeds, and by four standard deviations."""
    noise = calibration.normal(np.random.default_rng(1))
    assert power.share(effect, 10, 4, noise, 10) > 0.5
