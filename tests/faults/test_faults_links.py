"""Launches on stores that hold links: each is refused with its path, and nothing is changed where it leads."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.launching import command_line
from tests.support.launching.command_line import Said
from tests.support.launching.launches import Program
from tests.support.stores.recorded_sweeps import launched, write
from tracking.records.store import Store

PLACES = {
    # what becomes a link, and the exit code of a launch that finds it
    "records/{bundle}": 74,
    "leases": 74,
    "mlflow.db": 2,
    "mlflow.db.lock": 74,
    "mlartifacts": 74,
    "figures": 74,
    "figures/x/curves.csv": 74,
    "figures/x/report.html": 74,
    "figures/x/error.png": 74,
}
Launch = Callable[..., Said]


@pytest.fixture
def launch(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Launch:
    """Launches a sweep of which everything is recorded, in the folder of its store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SWEEP_STORE", raising=False)
    launched(write(tmp_path / "x.yaml", (2,)), Store("runs"))
    shutil.copy(program.database, "runs/mlflow.db")
    return lambda code=None: command_line.run(capsys, "launch", "x.yaml", "--local", "--limit", "2", code=code)


def test_links_in_a_store_are_refused_and_what_they_lead_to_stays_as_it_is(launch: Launch, tmp_path: Path) -> None:
    store, outside = tmp_path / "runs", tmp_path / "outside"
    outside.mkdir()
    (bundle,) = os.listdir(store / "records")
    for name, code in PLACES.items():
        path, target = store / name.format(bundle=bundle), outside / "target"
        if not path.exists():
            path.write_text("") if path.suffix else path.mkdir()
        path.rename(target)
        path.symlink_to(target)
        manifest = store / "records" / bundle / "manifest.json"
        if name == "mlflow.db.lock":
            (store / "mlflow.db").rename(outside / "database")  # it is locked while a database is made
        if name == "leases":
            manifest.rename(outside / "manifest")  # something must be done to claim it
        before = contents(outside)
        said = launch()
        behind = "is a link" in said.err and "MLflow is behind" in said.err
        assert said.code == code or behind, f"{name}: {said.code} {said.err}"
        assert "is a link to" in said.err and str(path) in said.err and "Traceback" not in said.err, said.err
        assert contents(outside) == before, name
        path.unlink()
        target.rename(path)
        for moved, place in (("database", store / "mlflow.db"), ("manifest", manifest)):
            if (outside / moved).exists():
                (outside / moved).rename(place)
    launch(code=0)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_sweep_file_and_a_store_may_be_reached_by_links(launch: Launch, tmp_path: Path) -> None:
    for name in ("x.yaml", "runs"):
        (tmp_path / name).rename(tmp_path / f"real-{name}")
        (tmp_path / name).symlink_to(tmp_path / f"real-{name}")
    launch(code=0)
