"""The notebook functions do what their own examples say."""

import doctest
import logging
from pathlib import Path

import pytest

import sweeps
from tracking.common.errors import Refused


def test_the_examples_are_true(tmp_path: Path) -> None:
    found = doctest.testmod(sweeps, extraglobs={"store": str(tmp_path / "runs")})
    assert found.attempted >= 8
    assert found.failed == 0


def test_an_unknown_curve_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"unknown curve or heat map 'eror', did you mean 'error'\? known: error, risk"):
        sweeps.curve(sweeps.read("demo", "debug"), "eror", str(tmp_path))


def test_a_launch_prints_only_when_it_is_asked_to(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In a program that has imported MLflow itself, too: its logger then tells what it does."""
    import mlflow

    logging.getLogger(mlflow.__name__).setLevel(logging.INFO)
    demo = sweeps.read("demo", "debug", ["epochs=1"])
    sweeps.launch(demo, str(tmp_path / "runs"))
    assert capfd.readouterr() == ("", "")
    sweeps.launch(demo, str(tmp_path / "other"), progress=True)
    out, err = capfd.readouterr()
    assert out == "" and "8 of 8 trials to run" in err and "8/8 trials" in err


def test_the_messages_of_a_launch_are_log_records(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "orchestrator"):
        launched = sweeps.launch(sweeps.read("demo", "debug", ["epochs=1"]), str(tmp_path / "runs"))
    assert any("8 of 8 trials to run" in record.getMessage() for record in caplog.records)
    assert str(launched).startswith("8 total, 8 run") and str(launched).endswith("report.html"), "what `print` shows"
    assert str(sweeps.Verdicts(launched.claims)).startswith("C6: not enough data. The test error")
