"""The notebook functions do what their own examples say."""

import doctest
from pathlib import Path

import pytest

from orchestrator import api
from tracking.common.errors import Refused


def test_the_examples_are_true(tmp_path: Path) -> None:
    found = doctest.testmod(api, extraglobs={"store": str(tmp_path / "runs")})
    assert found.attempted >= 8
    assert found.failed == 0


def test_an_unknown_curve_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"unknown curve 'eror', did you mean 'error'\? known: error, risk"):
        api.curve(api.read("demo", "debug"), "eror", str(tmp_path))
