"""Launches on stores that hold links: each is refused with its path, and nothing is changed where it leads."""

import os
from pathlib import Path

import pytest

from tests.support.launching.launches import Place, sweep

SHORT = sweep(
    "misbehaving", {"steps": 2}, {"seed": {"count": 2}}, curves=[{"name": "v", "x": "step", "y": "value", "split": ""}]
)
PLACES = {
    # what becomes a link, and the exit code of a launch that finds it
    "records/{bundle}": 74,
    "leases": 74,
    "mlflow.db": 2,
    "mlflow.db.lock": 74,
    "mlartifacts": 74,
    "figures": 74,
    "figures/faults/curves.csv": 74,
    "figures/faults/report.html": 74,
    "figures/faults/v.png": 74,
}


def test_links_in_a_store_are_refused_and_what_they_lead_to_stays_as_it_is(place: Place) -> None:
    place.write(SHORT).launch().ends(0)
    outside = place.folder / "outside"
    outside.mkdir()
    bundle, *_ = os.listdir(place.store / "records")
    for name, code in PLACES.items():
        path, target = place.store / name.format(bundle=bundle), outside / "target"
        if not path.exists():
            path.write_text("")
        path.rename(target)
        path.symlink_to(target)
        before = contents(outside)
        if name == "mlflow.db.lock":
            (place.store / "mlflow.db").unlink()  # it is locked while a database is made
        if name == "leases":
            (place.store / "records" / bundle / "manifest.json").unlink()  # something must be done to claim it
        done = place.launch()
        behind = "is a link" in done.err and "MLflow is behind" in done.err
        assert done.code == code or behind, f"{name}: {done.code} {done.err}"
        assert "is a link to" in done.err and str(path) in done.err and "Traceback" not in done.err, done.err
        assert contents(outside) == before, name
        path.unlink()
        target.rename(path)
    place.launch().ends(0)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("variable", ["faults.yaml", "runs"])
def test_a_sweep_file_and_a_store_may_be_reached_by_links(place: Place, variable: str) -> None:
    place.write(SHORT)
    (place.folder / variable).rename(place.folder / f"real-{variable}")
    (place.folder / variable).symlink_to(place.folder / f"real-{variable}")
    place.launch().ends(0)
