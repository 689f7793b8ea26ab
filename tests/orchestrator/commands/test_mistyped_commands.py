"""Mistakes that a new user makes: each ends with one message that says what to do, and with the code of bad input."""

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import cli
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.bad_sweeps import GOOD
from tests.support.networks import small_trials
from tracking.records.ledger import Ledger
from tracking.records.provenance import Provenance
from tracking.records.rows import Outcome
from tracking.records.store import Store
from tracking.records.writer import Writer

MISTAKES: dict[str, list[str]] = {
    # what is typed, then what must be said
    "plan demmo": ["unknown sweep 'demmo', did you mean 'demo'?", "fig1"],
    "plan mine": ["unknown sweep 'mine'", "write mine.yaml"],
    "plan mein.yaml": ["mein.yaml: no such file", "did you mean 'mine.yaml'?", "shipped sweeps: deep_linear"],
    "plan mine.yaml --profile debgu": ["unknown profile 'debgu', did you mean 'debug'?"],
    "plan mine.yaml --set epochs": ["expected key=value, got 'epochs'", "--set epochs=10"],
    "plan mine.yaml --set epcohs=3": ["unknown key 'epcohs', did you mean 'epochs'?", "known: data, net"],
    "plan mine.yaml --set net.widht=3": ["did you mean 'width'?"],
    "plan mine.yaml --set epochs=many": ["expected an integer, got the text 'many'"],
    "plan mine.yaml --epochs 3": ["--epochs", "`sweep plan --help`", "--set key=value"],
    "plan": ["`sweep plan` needs SPEC: A sweep file", "`sweep plan --help`"],
    "plan mine.yaml --set": ["--set needs a value: key=value", "`sweep plan --help`"],
    "lunch mine.yaml": ["Unknown command", "launch"],
    "plan mine.yaml --store mine.yaml": ["is a file, but must be a folder", "another --store"],
    "status mine.yaml --store mine.yaml": ["is a file, but must be a folder"],
    "launch mine.yaml --local --store mine.yaml": ["is a file, but must be a folder"],
    "launch mine.yaml --local --limit -3": ["-3", "--limit", ">= 1"],
    "launch mine.yaml --local --limit 0": ["--limit", ">= 1"],
    "launch mine.yaml --address 127.0.0.1": ["give host:port", "auto"],
    "launch mine.yaml --local --tracking-uri nonsense": ["'nonsense'", "sqlite:///", "http://host:5000"],
    "show zzz": ["no trial", "begins with 'zzz'", "4 others are recorded, such as"],
    "show zzz --store empty": ["there is no store at 'empty'; nearby: runs. --store", "a launch makes them"],
    "show zzz --store .": ["no trial 'zzz'", "nothing is recorded", "--store"],
    "curves mine.yaml --store rusn": ["there is no store at 'rusn', did you mean '{folder}/runs'?"],
    "verify mine.yaml --store rusn": ["did you mean '{folder}/runs'?"],
    "sync mine.yaml --store rusn": ["did you mean '{folder}/runs'?"],
    "reproduce zzz --store rusn": ["did you mean '{folder}/runs'?"],
    "ui --store rusn": ["did you mean '{folder}/runs'?"],
    "ui --port {used}": ["port {used} cannot be used", "--port {next}"],
    "ui --port 99999": ["99999", "--port", "<= 65535"],
    "ui --tracking-uri http://127.0.0.1:1": ["is an MLflow server with pages of its own"],
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep file, and a store with its trials, begun by hand."""
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "mine.yaml").write_text(GOOD)
    trials = expand(read(str(folder / "mine.yaml")))
    writer = Writer.begin(Store(str(folder / "runs")), "bundle", "network", small_trials.entries(trials), Provenance())
    writer.add([], {t.id: Outcome("finished", 2, "epochs done") for t in trials})
    writer.commit(2, None)
    return folder


@pytest.fixture(scope="module")
def used() -> Iterator[int]:
    """A port that something listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """The exit code of a command line, and what it wrote, in one line each."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    out, err = (" ".join(text.replace("│", " ").split()) for text in capsys.readouterr())
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize("typed", MISTAKES)
def test_a_mistake_is_told_with_its_remedy(
    typed: str, folder: Path, used: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SWEEP_STORE", raising=False)
    names = {"used": used, "next": used % 65535 + 1, "folder": folder}
    code, out, err = said(typed.format(**names).split(), capsys)
    assert (code, out) == (2, "")
    assert [words for words in MISTAKES[typed] if words.format(**names) not in err] == [], err
    assert sorted(p.name for p in folder.iterdir()) == ["mine.yaml", "runs"]


def test_an_ambiguous_id_is_told_with_the_trials_it_may_be(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    code, out, err = said(["show", ""], capsys)
    assert (code, out) == (2, "") and err.startswith("4 trials") and err.endswith("give more of the id")
    assert all(id in err for id in Ledger.read(Store("runs")).trials)


def test_a_dead_mlflow_is_told_with_what_is_safe(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    code, out, err = said(["sync", "mine.yaml", "--tracking-uri", "http://127.0.0.1:1"], capsys)
    assert (code, out) == (74, "")
    for words in ("'http://127.0.0.1:1'", "nothing answers", "refused", "records are complete", "--tracking-uri"):
        assert words in err


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("status mine.yaml", "nobody is at work: `sweep launch mine.yaml --profile debug` runs what is left"),
        ("verify mine.yaml", "0 trials, 0 seeds per cell, 4 missing"),
        ("sync mine.yaml", "nothing of this sweep is recorded in runs: `sweep launch mine.yaml --profile debug`"),
    ],
)
def test_asked_before_the_launch_each_says_that_nothing_is_there(
    typed: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    code, _, err = said([*typed.split(), "--profile", "debug"], capsys)
    assert code == 0 and says in err
    for command in re.findall("`(sweep [^`]+)`", err):  # can be pasted
        cli.app.parse_args(shlex.split(command)[1:], exit_on_error=False, print_error=False)


def test_who_reads_only_the_beginning_gets_no_error() -> None:
    """`sweep schema | head -1`, where the reader leaves at once."""
    end, start = os.pipe()
    os.close(end)
    command = [sys.executable, "-m", "orchestrator.cli", "schema"]
    done = subprocess.run(command, stdout=start, stderr=subprocess.PIPE, text=True, check=False)
    os.close(start)
    assert (done.returncode, done.stderr) == (141, "")
