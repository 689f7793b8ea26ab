"""Every command on terminals that can do little: narrow, without colour, dumb, without Unicode; real pseudo-terminals.

Whatever is cut says so, no number is cut, no character is broken.
"""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.terminal import console, tables
from orchestrator.terminal.encoding import replace_unencodable
from tracking.records.ledger import Ledger
from tracking.records.store import Store

SWEEP = """
title: Error against width — größer als ≥ 2
experiment: network
fixed:
  data: {name: digits, train_size: 100}
  net: {name: convnet, depth: 3}
  optimizer: {name: sgd, batch_size: 20}
  epochs: 3
vary:
  net.width: [2, 4]
  seed: {count: 2}
measure: [error, risk, parameters]
curves:
  - {name: a, x: net.width, y: error}
claims:
  - {name: no_overfitting, tolerance: 0.01}
"""
PLAIN = {k: v for k, v in os.environ.items() if not k.startswith("LC_") and k not in ("COLUMNS", "LINES")} | {
    "OMP_NUM_THREADS": "1",
    "LANG": "C.UTF-8",
}
NARROW = {"TERM": "xterm-256color"}
BARE = {
    "TERM": "dumb", "NO_COLOR": "1", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "ascii",
}  # fmt: skip
COMMANDS = {
    "plan": "plan small.yaml --store new",
    "status": "status small.yaml",
    "verify": "verify small.yaml",
    "curves": "curves small.yaml",
    "plot": "curves small.yaml --plot --full",
    "list": "list",
    "show": "show {trial}",
    "doctor": "doctor",
    "help": "--help",
    "help-of-launch": "launch --help",
    "bad-option": "plan small.yaml --nope",
    "bad-file": "plan missing.yaml",
}
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3|4|9|10)[0-9]")


def seen(folder: Path, arguments: str, columns: int, environment: dict[str, str]) -> tuple[int, bytes]:
    """The exit code of a command line, and all that it wrote to a pseudo-terminal of that width."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = [sys.executable, "-m", "orchestrator.cli", *arguments.split()]
    process = subprocess.Popen(
        command, cwd=folder, env=PLAIN | environment, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave
    )
    os.close(slave)
    parts = []
    while part := _read(master):
        parts.append(part)
    os.close(master)
    return process.wait(), b"".join(parts)


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux says so when the last writer is gone
        return b""


@pytest.fixture(scope="module")
def launches(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A folder with what a launch made, and what launches showed: on a narrow terminal and on a bare one."""
    folder = tmp_path_factory.mktemp("terminals")
    (folder / "small.yaml").write_text(SWEEP, "utf-8")
    shown = {}
    for name, columns, environment in (("narrow", 40, NARROW), ("bare", 40, BARE)):
        code, shown[name] = seen(folder, f"launch small.yaml --local --store {name}", columns, environment)
        assert code == 0, shown[name].decode()
    (folder / "narrow").rename(folder / "runs")
    return folder, shown


def test_a_launch_is_drawn_on_a_narrow_terminal(launches: tuple[Path, dict[str, bytes]]) -> None:
    shown = launches[1]["narrow"].decode("utf-8")
    assert "\x1b[?25l" in shown and "mean train error" in shown
    last = ESCAPE.sub("", shown.rpartition("\x1b[2K")[2])
    assert "4 total, 4 run" in last
    assert f"{launches[0]}/narrow/figures/small/report.html" in last.split(), "a path is broken"
    told = last.partition("claims")[2].splitlines()
    assert [line for line in told if len(line) > 40 and " " in line] == [], "a line is broken within a word"


def test_a_launch_says_the_same_on_a_bare_terminal(launches: tuple[Path, dict[str, bytes]]) -> None:
    shown = launches[1]["bare"]
    assert shown.isascii() and b"\x1b" not in shown and b"\\u" not in shown
    assert b"Error against width - groser als > 2" in shown.replace(b"\r\n", b" ")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_on_a_narrow_terminal(name: str, launches: tuple[Path, dict[str, bytes]]) -> None:
    shown = run(name, launches[0], NARROW | {"NO_COLOR": "1"}).decode("utf-8")
    assert not COLOUR.search(shown)
    assert "…" not in shown and "\ufffd" not in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_on_a_bare_terminal(name: str, launches: tuple[Path, dict[str, bytes]]) -> None:
    shown = run(name, launches[0], BARE)
    assert shown.isascii() and b"\x1b" not in shown and b"\\u" not in shown


def run(name: str, folder: Path, environment: dict[str, str]) -> bytes:
    trial = next(iter(Ledger.read(Store(str(folder / "runs"))).trials))
    code, shown = seen(folder, COMMANDS[name].format(trial=trial), 40, environment)
    assert b"Traceback" not in shown and code in ((2,) if name.startswith("bad") else (0, 1)), shown.decode()
    return shown


@pytest.mark.parametrize("columns", [10, 30, 50, 80])
def test_a_table_shows_its_numbers_whole(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Console(file=io.StringIO(), width=columns)
    monkeypatch.setattr(console, "console", drawn)
    body = [
        ("optimizer.learning_rate", -0.09859, 1234567, "a b c"),
        ("width", 0.3325, 12, "many words that are wrapped"),
    ]
    tables.table("", ["what", "low", "number", "which"], body)
    lines = drawn.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert {"-0.09859", "1,234,567", "0.3325", "12"} <= {word for line in lines for word in line.split()}
    assert max(map(len, lines)) <= (columns if columns >= 50 else 50)


@pytest.mark.parametrize("columns", [30, 52, 60, 70, 200])
def test_a_table_breaks_no_word(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Console(file=io.StringIO(), width=columns)
    monkeypatch.setattr(console, "console", drawn)
    states, when = "1 finished, 1 interrupted, 1 missing", "2026-11-26 13:10:15, killed"
    header = ["sweep", "trials", "last launch", "size", "verdicts"]
    tables.table("", header, [("slow", states, when, "941 kB", ""), ("lost", "3 diverged", when, "746 kB", "1 not")])
    lines = drawn.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert {*states.split(), *when.split()} <= {word for line in lines for word in line.split()}
    assert max(map(len, lines)) <= max(columns, len("last launch  ") + tables.WORD)
    if columns < 50:
        assert lines[:3] == ["sweep        slow", "trials       1 finished, 1", " " * 13 + "interrupted, 1"]
        assert "verdicts" not in "".join(lines[:8]), "a cell without a text has no line"


def test_a_table_of_many_lines_is_not_shown_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Console(file=io.StringIO(), width=10)
    monkeypatch.setattr(console, "console", drawn)
    tables.table("", ["line", "step", "mean value"], [("count", i, 0.123) for i in range(40)])
    assert len(drawn.file.getvalue().splitlines()) == 41  # type: ignore[attr-defined]


def test_a_small_table_stays_small_on_a_wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Console(file=io.StringIO(), width=200)
    monkeypatch.setattr(console, "console", drawn)
    tables.table("", ["state", "trials"], [("missing", 4)])
    assert drawn.file.getvalue().splitlines()[1] == "missing       4"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", "Uber x >= ~ ? u"), ("latin-1", "Über × >= ~ ? ü"), ("utf-8", "Über × >= … 漢 ü")]
)
def test_what_an_encoding_lacks_is_shown_by_what_looks_alike(encoding: str, shown: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    replace_unencodable(stream)
    stream.write("Über × >= … 漢 ü")
    stream.flush()
    assert stream.buffer.getvalue().decode(encoding) == shown  # type: ignore[attr-defined]


def test_a_pipe_gets_plain_lines(launches: tuple[Path, dict[str, bytes]]) -> None:
    command = [sys.executable, "-m", "orchestrator.cli", "curves", "small.yaml"]
    done = subprocess.run(command, cwd=launches[0], env=PLAIN, capture_output=True, check=True)
    assert done.stdout == b"" and b"\x1b" not in done.stderr and b"train" in done.stderr
