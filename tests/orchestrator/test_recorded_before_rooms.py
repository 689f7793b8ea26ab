"""A store written before the modules moved into rooms is read, continued and judged: ids, rows, curves and verdicts.

Rows that are computed here are compared to 1e-5: another processor may round differently.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.checkout import ROOT
from tests.support.launches import Program
from tracking.records.ledger import Ledger
from tracking.records.provenance import Provenance
from tracking.records.store import Store

BEFORE = ROOT / "tests/support/recorded_before_rooms"
SWEEPS = ("before.yaml", "ridge.yaml")
KEYS = ["trial", "step", "split", "measure", "layer"]
REFERENCE = {"SWEEP_ENGINE": "reference"}
KILLED, COMMITTED = "0ecce3930a9f515bd723", 1  # the trial whose launch was killed, and its last committed step


@pytest.fixture(scope="module")
def before() -> Ledger:
    return Ledger.read(Store(str(BEFORE / "store")))


@pytest.fixture(scope="module")
def folder(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sweep files and a copy of the store, as SWEEP_STORE names it."""
    folder = tmp_path_factory.mktemp("before")
    for sweep in SWEEPS:
        shutil.copy(BEFORE / sweep, folder)
    shutil.copytree(BEFORE / "store", folder / "runs")
    program.with_database(folder)
    return folder


def run(program: Program, folder: Path, *arguments: str) -> dict[str, Any]:
    return program.run(folder, *arguments, "--json", **REFERENCE).ends(0).result


@pytest.fixture(scope="module")
def continued(program: Program, folder: Path) -> dict[str, Any]:
    """What a launch says that goes on with the killed trial."""
    return run(program, folder, "launch", "before.yaml", "--local")


def rows(ledger: Ledger, *trials: str) -> pd.DataFrame:
    table = ledger.rows(ledger.of(trials or ledger.trials).values()).to_pandas()
    return comparable(table)


def comparable(table: pd.DataFrame) -> pd.DataFrame:
    table = table.astype({key: str for key in KEYS if key != "step"})[[*KEYS, "value"]]
    return table.sort_values(KEYS, ignore_index=True)


def test_trials_have_the_ids_and_cells_that_are_recorded(before: Ledger) -> None:
    asked = {t.id: t.cell for sweep in SWEEPS for t in expand(read(str(BEFORE / sweep)))}
    assert {id: record.cell for id, record in before.records.items()} == asked
    assert before.damaged == () and len(asked) == 6


def test_every_commit_has_the_one_provenance_that_was_recorded(before: Ledger) -> None:
    for record in before.records.values():
        (provenance,) = record.provenances
        assert provenance.code and provenance.code.commit == "ceb3c8f3497869b0ded033005e7a25ef2467b5e7"
        assert provenance.engine == ("reference" if record.experiment == "network" else "")
        assert {part.provenance for part in before.computed(record)} == {provenance}


def test_show_and_plan_say_what_is_recorded(program: Program, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "runs/records", tmp_path / "runs/records")
    shutil.copytree(BEFORE / "store", tmp_path / "runs", dirs_exist_ok=True)
    shutil.copy(BEFORE / "before.yaml", tmp_path)
    shown = run(program, tmp_path, "show", KILLED[:6])
    assert (shown["id"], shown["state"], shown["step"]) == (KILLED, "running", COMMITTED)
    assert shown["provenance"]["engine"] == "reference" and shown["last"]
    plan = run(program, tmp_path, "plan", "before.yaml")
    assert plan["trials"] == {"total": 4, "to_run": 1, "finished": 3, "running": 1}


def test_the_killed_trial_goes_on_from_its_commit_to_the_rows_of_an_undisturbed_launch(
    folder: Path, continued: dict[str, Any], before: Ledger
) -> None:
    assert continued["trials"] == {"total": 4, "run": 1, "already_done": 3, "failed": 0, "diverged": 0}
    after = Ledger.read(Store(str(folder / "runs")))
    expected = comparable(pq.read_table(BEFORE / "continued.parquet").to_pandas())
    found = rows(after, KILLED)
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-5, atol=1e-7)
    committed = found[found["step"] <= COMMITTED].reset_index(drop=True)
    pd.testing.assert_frame_equal(committed, rows(before, KILLED), check_exact=True)
    others = sorted(before.trials - {KILLED})
    pd.testing.assert_frame_equal(rows(after, *others), rows(before, *others), check_exact=True)


def test_the_rows_before_and_after_it_went_on_are_traced_to_their_programs(
    folder: Path, continued: dict[str, Any], before: Ledger
) -> None:
    after = Ledger.read(Store(str(folder / "runs")))
    parts = after.computed(after.of([KILLED])[KILLED])
    spans = [(part.first, part.last) for part in parts]
    assert spans == [(0, COMMITTED), (COMMITTED + 1, 4)]
    first, second = (part.provenance for part in parts)
    assert first == before.of([KILLED])[KILLED].provenance != second
    assert isinstance(second, Provenance) and second.engine == first.engine and second.data == first.data


def test_curves_and_verdicts_are_those_of_before(program: Program, folder: Path, continued: dict[str, Any]) -> None:
    run(program, folder, "curves", "before.yaml")
    expected = pd.read_csv(BEFORE / "curves.csv")
    expected = expected.drop(columns=["low", "high"])  # since then on the quantity's scale: errors stay in 0 to 1
    shown = pd.read_csv(folder / "runs/figures/before/curves.csv")[expected.columns]
    pd.testing.assert_frame_equal(shown, expected, check_exact=False, rtol=1e-5)
    claims = {claim["name"]: claim for claim in run(program, folder, "verify", "before.yaml")["claims"]}
    for claim in json.loads((BEFORE / "claims.json").read_text()):
        assert claims[claim["name"]]["verdict"] == claim["verdict"]
        found, known = claims[claim["name"]]["evidence"], claim["evidence"]
        numbers = {name for name in known.keys() & found.keys() if isinstance(found[name], int | float)}
        assert len(numbers) >= 5, "evidence that is still given as a number"
        assert {name: found[name] for name in numbers} == pytest.approx({name: known[name] for name in numbers}, 1e-5)
