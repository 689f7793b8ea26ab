"""A sweep with data of the user's own, in a store that has its records and not its data file."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.launching.command_line import Said
from tests.support.stores.recorded_sweeps import launched, write
from tracking.records.ledger import Ledger
from tracking.records.store import Store

Run = Callable[..., Said]


@pytest.fixture
def without_data(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, in whose store a sweep was unpacked, the data file of which is gone. Where it lay."""
    file, there = write(tmp_path / "project/mine.yaml"), tmp_path / "there"
    x, y = np.zeros((120, 8, 8), np.uint8), np.arange(120) % 3
    np.savez(file.parent / "mine.npz", train_x=x, train_y=y, test_x=x, test_y=y)
    file.write_text(file.read_text().replace("{name: digits,", "{name: npz, path: mine.npz,"))
    launched(file, Store(str(tmp_path / "project/runs")), drawn=True)
    run("pack", "mine", "mine.tar", "--store", "project/runs")
    file.with_suffix(".npz").unlink()
    there.mkdir()
    monkeypatch.chdir(there)
    run("unpack", "../mine.tar")
    return file.with_suffix(".npz")


def test_a_sweep_is_shown_without_its_data_and_is_not_trained(run: Run, without_data: Path) -> None:
    assert run("verify", "mine", "--json").json["claims"][0]["verdict"] == "holds"
    assert run("status", "mine", "--json").json["trials"] == {"total": 4, "finished": 4}
    Path("runs/figures/mine/curves.csv").unlink()
    run("curves", "mine")
    assert Path("runs/figures/mine/curves.csv").exists()
    assert run("launch", "mine", "--local", "--json").json["trials"]["run"] == 0
    (trial, *_) = Ledger.read(Store("runs")).trials
    missing = f"{without_data} does not exist"
    for command in (["launch", "mine", "--seeds", "3", "--local"], ["reproduce", trial], ["show", trial, "--rerun"]):
        assert missing in run(*command, code=2).err
    run("plan", "mine", "--seeds", "3")


def test_a_sweep_of_which_no_data_are_known_says_what_can_be_done_without_them(
    run: Run, without_data: Path, tmp_path: Path
) -> None:
    """As they were kept before: nothing of the data file."""
    there, kept = tmp_path / "there", Path("runs/sweeps/mine.json")
    content = json.loads(kept.read_text())
    del content["versions"][0]["data"]
    kept.write_text(json.dumps({**content, "format": 1}))
    for command in ("verify", "curves", "status", "launch"):
        said = run(command, "mine", code=2).err
        assert f"{without_data} does not exist, and a store keeps no data files; copy the file there." in said
        assert f"`sweep ls --store {there}/runs`" in said and f"{there}/runs/figures/mine/report.html" in said
    (trial, *_) = Ledger.read(Store("runs")).trials
    assert "trial" in run("show", trial).err and run("ls", "--json").json["sweeps"][0]["verdicts"] == {"holds": 1}
