"""Command lines in a folder of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.launching import command_line
from tests.support.launching.command_line import Said


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command line there; `code` is how it must end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SWEEP_STORE", raising=False)
    monkeypatch.setenv("SWEEP_LEASE_S", "1")
    return lambda *arguments, code=0: command_line.run(capsys, *arguments, code=code)
