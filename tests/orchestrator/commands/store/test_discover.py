"""Which store a command uses."""

import os
from pathlib import Path

import pytest

from orchestrator.commands.store.discover import chosen


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a store, and a folder deep inside it."""
    (tmp_path / "project/runs/records").mkdir(parents=True)
    (tmp_path / "project/deep/inside").mkdir(parents=True)
    return tmp_path / "project"


@pytest.fixture(autouse=True)
def heard(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.delenv("SWEEP_STORE", raising=False)
    caplog.set_level("INFO")
    return caplog


def test_the_nearest_upwards_is_used_and_said_once(project: Path, heard: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        assert chosen(None, project / "deep/inside") == str(project / "runs")
    assert heard.messages == [f"store    {project / 'runs'} (the nearest one upwards)"]


def test_here_it_is_runs_and_nothing_is_said(project: Path, heard: pytest.LogCaptureFixture) -> None:
    assert chosen(None, project) == "runs" and not heard.messages


def test_a_folder_of_that_name_that_is_no_store_is_passed_over(project: Path) -> None:
    (project / "deep/runs").mkdir()
    assert chosen(None, project / "deep/inside") == str(project / "runs")


def test_without_any_it_is_a_new_one_here(tmp_path: Path, heard: pytest.LogCaptureFixture) -> None:
    assert chosen(None, tmp_path) == "runs" and not heard.messages


def test_what_is_named_is_used_and_what_the_environment_names_is_said(
    project: Path, monkeypatch: pytest.MonkeyPatch, heard: pytest.LogCaptureFixture
) -> None:
    assert chosen("other", project / "deep") == "other" and not heard.messages
    monkeypatch.setenv("SWEEP_STORE", "/data/runs")
    assert chosen("/data/runs", project / "deep") == "/data/runs"
    assert heard.messages == ["store    /data/runs (SWEEP_STORE)"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to somebody else")
def test_a_store_of_somebody_else_above_is_not_used(project: Path) -> None:
    os.chown(project / "runs", 12345, 12345)
    assert chosen(None, project / "deep") == "runs"
