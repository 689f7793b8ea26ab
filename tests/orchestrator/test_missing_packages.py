"""Where packages are missing, or the program was never installed, commands work without them or say what to do."""

from pathlib import Path

import pytest

from tests.support.checkout import ROOT
from tests.support.launching.missing_packages import run, without
from tracking.common.versions import program
from tracking.records.ledger import Ledger
from tracking.records.store import Store

SWEEP = """\
title: Two small networks
experiment: network
fixed:
  data: {name: digits, train_size: 60, test_size: 40}
  net: {name: convnet, depth: 2, width: 2}
  optimizer: {name: sgd, batch_size: 20}
  epochs: 1
vary:
  seed: {count: 2}
measure: [error]
"""
REMEDY = f"`pip install -e {ROOT}` installs what this program needs"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("missing")
    (folder / "two.yaml").write_text(SWEEP)
    return folder


@pytest.fixture(scope="module")
def few(folder: Path) -> Path:
    """Neither Ray nor MLflow, nor metadata of this program."""
    return without(folder / "few", "ray", "mlflow", "mlflow-skinny", "mlflow-tracing", "sweep")


def test_a_checkout_that_is_not_installed_knows_its_version(few: Path, folder: Path) -> None:
    assert run(few, folder, "--version").stdout.startswith(f"{program().version}")


def test_without_ray_and_mlflow_a_local_launch_trains_and_says_once_what_is_missing(few: Path, folder: Path) -> None:
    said = run(few, folder, "launch", "two.yaml", "--local").stderr
    why = f"MLflow cannot be imported: the Python package 'mlflow' is not installed here; {REMEDY}"
    assert f"MLflow is behind by 2 trials ({why}); the records are complete" in said and "sweep ui" not in said
    ledger = Ledger.read(Store(str(folder / "runs")))
    records = list(ledger.records.values())
    assert [record.state for record in records] == ["finished"] * 2
    versions = dict(records[0].provenance.versions or ())
    assert versions["sweep"] == program().version and "torch" in versions
    assert not versions.keys() & {"ray", "mlflow"}
    assert why in run(few, folder, "sync", "two.yaml", code=74).stderr
    left = run(few, folder, "status", "two.yaml", "--set", "epochs=2").stderr
    assert "`sweep launch two.yaml --set epochs=2 --local` runs what is left" in left


def test_without_ray_a_launch_that_needs_it_is_refused_before_anything_runs(few: Path, folder: Path) -> None:
    said = run(few, folder, "launch", "two.yaml", "--store", "other", code=2).stderr
    assert f"the Python package 'ray' is not installed here; {REMEDY}" in said and "--local" in said
    assert not Ledger.read(Store(str(folder / "other"))).trials
    assert (
        "`sweep launch two.yaml --local --store other`"
        in run(few, folder, "curves", "two.yaml", "--store", "other", code=2).stderr
    )


def test_the_doctor_names_what_is_missing(few: Path, folder: Path) -> None:
    said = run(few, folder, "doctor", "--json", code=1).stdout
    assert "ray is missing" in said and "mlflow is missing" in said


def test_without_pytorch_no_trial_is_recorded_as_failed(folder: Path) -> None:
    none = without(folder / "none", "torch")
    said = run(none, folder, "launch", "two.yaml", "--local", "--store", "third", code=2).stderr
    assert f"the Python package 'torch' is not installed here; {REMEDY}" in said
    assert not Ledger.read(Store(str(folder / "third"))).trials
