"""`sweep ls`: which sweeps a store has, in which state."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.launching.command_line import Said
from tests.support.stores.recorded_sweeps import launched, write
from tracking.records import layout
from tracking.records.leases import lease
from tracking.records.store import Store

Run = Callable[..., Said]


def test_each_variant_has_its_trials_its_last_launch_its_size_and_its_verdicts(run: Run, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "runs"))
    file = write(tmp_path / "x.yaml")
    launched(file, store, drawn=True)
    launched(file, store, overrides=["epochs=1"])
    whole, changed = run("ls", "--json").json["sweeps"]
    assert (whole["variant"], changed["variant"]) == ("x", "x@epochs=1")
    assert whole["trials"] == {"total": 4, "finished": 4} and whole["verdicts"] == {"holds": 1}
    assert (whole["file"], whole["outcome"], whole["at_work"]) == (str(file), "done", False)
    assert whole["bytes"] > sum(p.stat().st_size for p in (tmp_path / "runs/figures/x").iterdir()) > 10_000
    said = run("ls").err
    assert "x@epochs=1 4 finished" in said and "1 holds" in said


def test_what_is_missing_and_who_is_at_work_is_said(run: Run, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "runs"))
    file = write(tmp_path / "x.yaml")
    launched(file, store)
    with pytest.raises(KeyboardInterrupt):
        launched(write(file, (2, 4, 8)), store, interrupted=True)
    (one,) = run("ls", "--json").json["sweeps"]
    assert one["trials"] == {"total": 6, "finished": 4, "missing": 2}
    assert (one["outcome"], one["versions"], one["verdicts"]) == ("interrupted", 2, {"holds": 1})
    missing = frozenset(t.id for t in expand(read(str(file)))) - {"none"}
    with lease.acquire(store.files, "x", missing, print):
        assert "at work" in run("ls").err
    assert "interrupted" in run("ls").err


def test_a_store_of_an_older_version_is_said_to_be_one(run: Run, tmp_path: Path) -> None:
    launched(write(tmp_path / "x.yaml"), Store(str(tmp_path / "runs")))
    (tmp_path / "runs" / layout.sweep("x")).unlink()
    said = run("ls").err
    assert "knows no sweep" in said and "older version, which kept no file: x;" in said and "4 recorded trials" in said
    assert run("ls", "--json").json["without_file"] == ["x"]


def test_a_damaged_file_costs_only_its_own_sweep(run: Run, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "runs"))
    for name in ("x", "y"):
        launched(write(tmp_path / f"{name}.yaml", title=name), store)
    (tmp_path / "runs" / layout.sweep("x")).write_text('{"format": 1, "name": "x"}')
    said = run("ls").err
    assert "y 4 finished" in said and f"damaged: {layout.sweep('x')} holds no sweep of this program: variant" in said


def test_a_store_that_is_not_there_is_said_with_those_nearby(run: Run, tmp_path: Path) -> None:
    launched(write(tmp_path / "other/x.yaml"), Store(str(tmp_path / "other/runs")))
    for command in (("ls",), ("status", "demo"), ("verify", "demo")):
        assert "there is no store at 'runs'; nearby: other/runs." in run(*command, code=2).err
