"""A store that version 0.1 wrote is read by every command and said to be old; its trials are trained again, not mixed.

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
from tests.support.launching.launches import Program
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import FIRST_SCHEMA
from tracking.records.store import Store
from workers.trial import SCHEMA_VERSION, Trial

BEFORE = ROOT / "tests/support/recorded_before_rooms"
SWEEPS = ("before.yaml", "ridge.yaml")
KEYS = ["trial", "step", "split", "measure", "layer"]
REFERENCE = {"SWEEP_ENGINE": "reference"}
KILLED, COMMITTED = "0ecce3930a9f515bd723", 1  # the trial whose launch was killed, and its last committed step
OLD = "recorded in the format of version 0.1"


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
def planned(program: Program, folder: Path) -> dict[str, Any]:
    """What `plan` says of the store as version 0.1 left it."""
    return run(program, folder, "plan", "before.yaml")


@pytest.fixture(scope="module")
def launched(program: Program, folder: Path, planned: dict[str, Any]) -> dict[str, Any]:
    """What a launch says that trains the trials again."""
    return run(program, folder, "launch", "before.yaml", "--local")


def rows(ledger: Ledger, *trials: str) -> pd.DataFrame:
    table = ledger.rows(ledger.of(trials or ledger.trials).values()).to_pandas()
    return comparable(table)


def comparable(table: pd.DataFrame) -> pd.DataFrame:
    table = table.astype({key: str for key in KEYS if key != "step"})[[*KEYS, "value"]]
    return table.sort_values(KEYS, ignore_index=True)


def id_now(ledger: Ledger, id: str) -> str:
    """The present id of a trial that is recorded under an older one."""
    record = ledger.of([id])[id]
    return Trial.of(record.experiment, record.settings).id


def test_the_old_store_is_read_whole_and_known_to_be_old(before: Ledger) -> None:
    assert before.damaged == () and len(before.trials) == 6
    assert {record.schema for record in before.records.values()} == {FIRST_SCHEMA} != {SCHEMA_VERSION}
    for record in before.records.values():
        (provenance,) = record.provenances
        assert provenance.code and provenance.code.commit == "ceb3c8f3497869b0ded033005e7a25ef2467b5e7"
        assert provenance.engine == ("reference" if record.experiment == "network" else "")
        assert {part.provenance for part in before.computed(record)} == {provenance}


def test_the_trials_of_its_sweeps_have_other_ids(before: Ledger) -> None:
    asked = {t.id for sweep in SWEEPS for t in expand(read(str(BEFORE / sweep)))}
    assert len(asked) == 6 and not asked & before.trials
    assert {id_now(before, id) for id in before.trials} == asked


def test_plan_and_show_say_that_it_is_old(program: Program, folder: Path, planned: dict[str, Any]) -> None:
    assert planned["trials"] == {"total": 4, "to_run": 4, "missing": 4}
    assert [note for note in planned["notes"] if f"4 of the missing trials are {OLD}" in note]
    shown = run(program, folder, "show", KILLED[:6])
    assert (shown["id"], shown["state"], shown["step"]) == (KILLED, "interrupted", COMMITTED)
    assert (shown["schema"], shown["provenance"]["engine"]) == (FIRST_SCHEMA, "reference") and shown["last"]
    assert OLD in program.run(folder, "show", KILLED[:6]).ends(0).err


def test_a_launch_trains_again_and_leaves_the_old_records_as_they_are(
    folder: Path, launched: dict[str, Any], before: Ledger
) -> None:
    assert launched["trials"] == {"total": 4, "run": 4, "already_done": 0, "failed": 0, "diverged": 0, "missing": 0}
    for file in (path for path in (BEFORE / "store").rglob("*") if path.is_file()):
        assert (folder / "runs" / file.relative_to(BEFORE / "store")).read_bytes() == file.read_bytes()
    after = Ledger.read(Store(str(folder / "runs")))
    assert {after.records[id].schema for id in after.trials - before.trials} == {SCHEMA_VERSION}


def test_what_is_trained_again_has_the_rows_that_version_0_1_recorded(
    folder: Path, launched: dict[str, Any], before: Ledger
) -> None:
    after = Ledger.read(Store(str(folder / "runs")))
    undisturbed = comparable(pq.read_table(BEFORE / "continued.parquet").to_pandas())
    network = {id for id, record in before.records.items() if record.experiment == "network"}
    expected = {id: rows(before, id) for id in network} | {KILLED: undisturbed}
    for id in network:
        found = rows(after, id_now(before, id)).assign(trial=id)
        pd.testing.assert_frame_equal(found, expected[id], check_exact=False, rtol=1e-5, atol=1e-7)


def test_old_records_are_reproduced_number_by_number(program: Program, folder: Path, before: Ledger) -> None:
    old = next(id for id, record in before.records.items() if record.experiment == "ridge")
    found = run(program, folder, "reproduce", old)["measures"]
    assert found and {one["finding"] for one in found} <= {"identical", "agrees"}
    assert all(one["rows"] and not one["missing"] for one in found)


def test_curves_and_verdicts_are_those_of_before(program: Program, folder: Path, launched: dict[str, Any]) -> None:
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
