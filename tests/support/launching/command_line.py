"""Command lines in this process: what they say, and how they end."""

import json
import os
import signal
from dataclasses import dataclass
from typing import Any

import pytest

from orchestrator import cli
from tracking.common import failpoints


@dataclass(frozen=True)
class Said:
    """What a command wrote, with runs of spaces made one, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The JSON object of its last line."""
        found: dict[str, Any] = json.loads(self.out)
        return found


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int | None = 0) -> Said:
    """Runs a command line, which must end with this code, unless it is None."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments])
    out, err = (" ".join(text.split()) for text in capsys.readouterr())
    said = Said(int(ended.value.code or 0), out, err)
    assert code is None or said.code == code, said.err
    return said


def killed(place: str, *arguments: str) -> None:
    """Runs a command line in a fork of this process, which must be killed at a place (`tracking.common.failpoints`).
    For commands that read and write the store and nothing else: a fork has none of this process' threads."""
    child = os.fork()
    if not child:
        try:
            os.environ[failpoints.VARIABLE] = place
            cli.main([*arguments])
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, f"{arguments} was not killed at {place}"
