"""What each command imports: its user waits for all of it. Lists of packages are compared, not times."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tracking.records.store import Store
from workers.bundle import together
from workers.run_bundle import work

SWEEP = """
title: Error against learning rate
source: test
experiment: network
fixed:
  data: {name: digits, train_size: 100, test_size: 100}
  net: {name: convnet, depth: 2, width: 2}
  optimizer: {name: sgd, batch_size: 50}
  epochs: 1
vary: {optimizer.learning_rate: [0.05, 0.1], seed: {count: 3}}
measure: [error, risk]
curves: [{name: a, x: optimizer.learning_rate, y: error, split: [train, test], band: ci95}]
claims: [{name: no_overfitting, x: optimizer.learning_rate, y: error, split: test, tolerance: 0.01}]
"""
RUN = """
import contextlib, io, sys
from orchestrator import cli
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    cli.main(sys.argv[1:])
print(*sys.modules)
"""
WORK = """
import sys
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tracking.records.store import Store
from workers.bundle import together
from workers.run_bundle import work
from workers.runtime.device import best
trials = tuple(expand(read(*sys.argv[1:])))
for _ in work(Store("other"), together(trials), best()):
    pass
print(*sys.modules)
"""
HEAVY = {"matplotlib", "mlflow", "numpy", "pandas", "pyarrow", "pydantic", "ray", "scipy", "sklearn", "torch", "yaml"}
HEAVY |= {"scipy.stats"}  # half a second, for quantiles that scipy.special has
RECORDS = {"numpy", "pyarrow", "pydantic", "yaml"}  # that read sweep files and records


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep file with all of its trials recorded."""
    folder = tmp_path_factory.mktemp("imports")
    (folder / "small.yaml").write_text(SWEEP)
    trials = tuple(expand(read(str(folder / "small.yaml"))))
    for _ in work(Store(str(folder / "runs")), together(trials), "cpu"):
        pass
    return folder


@pytest.mark.parametrize(
    ("command", "allowed"),
    [
        ("--help", set()),
        ("--version", {"pydantic"}),
        ("launch --help", set()),
        ("plan small.yaml", RECORDS),
        ("status small.yaml", RECORDS),
        ("verify small.yaml", {*RECORDS, "pandas", "scipy"}),
        ("curves small.yaml", {*RECORDS, "pandas", "scipy", "matplotlib"}),
    ],
)
def test_a_command_imports_what_it_needs(folder: Path, command: str, allowed: set[str]) -> None:
    assert imported(folder, command) == allowed


def test_a_launch_with_nothing_to_do_neither_draws_nor_opens_mlflow(folder: Path) -> None:
    first = ran(folder, "launch small.yaml --local")
    assert "mlflow" in first.stdout.split(), "nothing was drawn or mirrored before it"
    if "MLflow is behind" in first.stderr:  # on a busy machine a launch does not wait for all of it
        ran(folder, "sync small.yaml")
    assert imported(folder, "launch small.yaml --local") == {*RECORDS, "pandas", "scipy"}
    assert imported(folder, "launch small.yaml") == {*RECORDS, "pandas", "scipy"}, "nor is Ray started"


def imported(folder: Path, command: str) -> set[str]:
    """What a command imports of HEAVY."""
    return set(ran(folder, command).stdout.split()) & HEAVY


def ran(folder: Path, command: str) -> "subprocess.CompletedProcess[str]":
    """A command; its standard output is what it imported."""
    return subprocess.run(
        [sys.executable, "-c", RUN, *command.split()], cwd=folder, capture_output=True, text=True, check=True
    )


@pytest.mark.parametrize(
    ("sweep", "allowed"),
    [
        (["small.yaml"], {"torch", "pandas"}),  # pyarrow looks for tables of pandas among its arguments
        (["theorem4", "debug"], {"torch", "pandas"}),
        (["ridge", "debug"], {"scipy", "pandas"}),
    ],
)
def test_a_worker_imports_what_it_needs(folder: Path, sweep: list[str], allowed: set[str]) -> None:
    """Each process that computes does so anew. sympy and torch._dynamo: which PyTorch needs for other things."""
    done = subprocess.run(
        [sys.executable, "-c", WORK, *sweep], cwd=folder, capture_output=True, text=True, check=True,
        env={**os.environ, "SWEEP_COMMIT_S": "1000"},  # only PyTorch writes checkpoints
    )  # fmt: skip
    assert set(done.stdout.split()) & {*HEAVY, "sympy", "torch._dynamo"} == {*RECORDS, *allowed}
