"""Figures and report are made again only where the rows, the sweep, the code or a file of them is another."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from orchestrator.results.build import Results, build
from orchestrator.results.write import points, unchanged, write
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.launching import processes
from tests.support.launching.waiting import until
from tests.support.stores import recorded_sweeps
from tracking.common import failpoints
from tracking.records import layout
from tracking.records.ledger import Ledger
from tracking.records.store import Store


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep file of four trials, a store with their records, and everything drawn of them."""
    folder = tmp_path_factory.mktemp("drawn")
    with contextlib.chdir(folder):  # the report names the file as it was given
        file = recorded_sweeps.write(Path("small.yaml"))
        recorded_sweeps.launched(file, Store(str(folder / "runs")), drawn=True)
    return folder


@pytest.fixture
def folder(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, times of modification included, which is the working folder."""
    monkeypatch.chdir(shutil.copytree(drawn, tmp_path / "copy"))
    return tmp_path / "copy"


def results(folder: Path) -> Results:
    sweep = read("small.yaml")
    return build(sweep, expand(sweep), Ledger.read(Store(str(folder / "runs"))))


def found(folder: Path) -> bool:
    one = results(folder)
    return unchanged(one, one.ledger.store) is not None


def figures(folder: Path) -> Path:
    return folder / "runs" / layout.FIGURES / "small"


def test_what_was_drawn_from_the_same_is_what_would_be_written(folder: Path) -> None:
    one = results(folder)
    kept = unchanged(one, one.ledger.store)
    before = {path.name: path.read_bytes() for path in figures(folder).iterdir()}
    assert kept and kept.origin and set(before) == {
        "error.png", "error.svg", "error.pdf", "curves.parquet", "curves.csv", "trials.csv", "claims.json",
        "report.html", "drawn.json",
    }  # fmt: skip
    pd.testing.assert_frame_equal(points(one, kept.figures), one.table, check_exact=True)
    assert kept == write(one, one.ledger.store)
    after = {path.name: path.read_bytes() for path in figures(folder).iterdir()}
    assert {name for name in before if before[name] != after[name]} <= {"drawn.json"}  # it has the times
    assert found(folder)


def another_title(folder: Path) -> None:
    file = folder / "small.yaml"
    file.write_text(file.read_text().replace("Small", "Larger"))


def another_limit(folder: Path) -> None:
    file = folder / "small.yaml"
    file.write_text(file.read_text().replace("high: 0.9", "high: 0.8"))


def another_width(folder: Path) -> None:
    file = folder / "small.yaml"
    file.write_text(file.read_text().replace("[2, 4]", "[2, 4, 6]"))


def another_commit(folder: Path) -> None:
    (manifest,) = (folder / "runs" / layout.RECORDS).glob("*/manifest.json")
    manifest.write_bytes(manifest.read_bytes())  # as large as before, and written later


def other_code(folder: Path) -> None:
    note = json.loads((figures(folder) / layout.DRAWN).read_text())
    (figures(folder) / layout.DRAWN).write_text(json.dumps({**note, "origin": "0" * 64}))


def half_a_note(folder: Path) -> None:
    note = (figures(folder) / layout.DRAWN).read_bytes()
    (figures(folder) / layout.DRAWN).write_bytes(note[: len(note) // 2])


def edited_report(folder: Path) -> None:
    (figures(folder) / layout.REPORT).write_text("<p>edited</p>")


def deleted_figure(folder: Path) -> None:
    (figures(folder) / "error.svg").unlink()


def interrupted(folder: Path) -> None:
    (figures(folder) / layout.DRAWN).unlink()


CHANGES = (
    another_title, another_limit, another_width, another_commit, other_code, half_a_note, edited_report,
    deleted_figure, interrupted,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_drawn_from_anything_else_is_not_kept(folder: Path, change: Callable[[Path], None]) -> None:
    assert found(folder)
    change(folder)
    assert not found(folder)


DRAW = """
from orchestrator.results.build import build
from orchestrator.results.write import write
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tracking.records.ledger import Ledger
from tracking.records.store import Store
sweep, ledger = read("small.yaml"), Ledger.read(Store("runs"))
assert not write(build(sweep, expand(sweep), ledger), ledger.store).not_drawn
"""
REPORT = 5  # is the fifth that is written: after figure, points, verdicts, trials


def test_files_of_two_that_draw_at_once_are_whole_and_not_taken_for_those_of_one(folder: Path) -> None:
    """One has drawn all but the report when another one, of an edited file, draws everything. Its figure stays."""
    before = {path.name: path.read_bytes() for path in figures(folder).iterdir() if path.name != layout.DRAWN}
    for path in figures(folder).glob("error.*"):
        path.write_bytes(b"earlier")
    stopped = {**os.environ, failpoints.VARIABLE: f"file.written=stop@{REPORT}"}
    with subprocess.Popen([sys.executable, "-c", DRAW], env=stopped) as first:
        until(lambda: processes.stopped(first.pid), "the report")
        assert {name: (figures(folder) / name).read_bytes() for name in before} == before
        assert not found(folder)  # nothing of it is noted yet
        text = (folder / "small.yaml").read_text()
        another_title(folder)
        one = results(folder)
        assert not write(one, one.ledger.store).not_drawn and found(folder)
        edited = (figures(folder) / "error.svg").read_bytes()
        (folder / "small.yaml").write_text(text)
        first.send_signal(signal.SIGCONT)
        assert first.wait() == 0
    assert (figures(folder) / "error.svg").read_bytes() == edited != before["error.svg"]
    assert (figures(folder) / layout.REPORT).read_bytes() == before[layout.REPORT]
    assert not found(folder)


def test_a_figure_that_cannot_be_drawn_is_tried_again(folder: Path) -> None:
    (figures(folder) / "error.svg").unlink()
    (figures(folder) / "error.svg").mkdir()
    one = results(folder)
    assert write(one, one.ledger.store).not_drawn
    assert not found(folder)
