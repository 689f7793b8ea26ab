"""Command lines in this process: what they say, and how they end."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from orchestrator import cli


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
