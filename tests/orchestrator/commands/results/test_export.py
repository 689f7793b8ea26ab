"""`sweep export`: what is written is what is recorded, whatever the kind of file."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sweeps
from orchestrator import cli
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.stores import recorded_sweeps
from tracking.records.store import Store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of which every trial is recorded, with two curves."""
    folder = tmp_path_factory.mktemp("export")
    file = recorded_sweeps.write(folder / "small.yaml", title="Error of 100 % & more")
    risk = "  - {name: risk, x: net.width, y: risk, split: test}\nclaims:"
    file.write_text(file.read_text().replace("claims:", risk))
    recorded_sweeps.record(expand(read(str(file))), Store(str(folder / "runs")))
    return folder


@pytest.fixture
def export(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SWEEP_STORE", raising=False)

    def run(typed: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(["export", *typed.split()])
        return (int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.mark.parametrize(("ending", "reads"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_points_of_curves(ending: str, reads: Any, export: Any, folder: Path) -> None:
    code, out, _ = export(f"small.yaml all.{ending} --json")
    assert code == 0 and json.loads(out)["what"] == "6 points of curves error, risk"
    found = reads(folder / f"all.{ending}")
    mine = sweeps.curve(sweeps.read(str(folder / "small.yaml")), "error", str(folder / "runs"))
    error = found[found["curve"] == "error"]
    assert error["centre"].tolist() == pytest.approx(mine["centre"].tolist())
    assert error["x"].tolist() == mine["x"].tolist()


def test_one_curve_and_every_row(export: Any, folder: Path) -> None:
    assert export("small.yaml one.csv --curve risk")[0] == 0
    assert set(pd.read_csv(folder / "one.csv")["curve"]) == {"risk"}
    assert export("small.yaml rows.parquet --rows")[0] == 0
    found = pd.read_parquet(folder / "rows.parquet")
    rows = sweeps.rows(sweeps.read(str(folder / "small.yaml")), str(folder / "runs"))
    assert len(found) == len(rows) and {"seed", "net.width"} <= {*found.columns}
    assert found["value"].sum() == pytest.approx(rows["value"].sum())
    trials = sweeps.trials(sweeps.read(str(folder / "small.yaml")), str(folder / "runs"))
    assert found["net.width"].tolist() == [trials["net.width"][id] for id in found["trial"]]


def test_a_table_for_a_paper(export: Any, folder: Path) -> None:
    code, _, err = export("small.yaml table.tex")
    text = (folder / "table.tex").read_text()
    assert code == 0 and "2 tables of curves error, risk of small" in err
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 2 and r"100 \% \& more" in text
    rows = [line for line in text.splitlines() if re.match(r"^(train|test) &", line)]
    assert len(rows) == 6 and all(line.count("&") == 3 and line.endswith(r" & $2$ \\") for line in rows)


def test_figures_as_pages(export: Any, folder: Path) -> None:
    assert (
        export("small.yaml all.pdf")[0]
        == export("small.yaml again.pdf")[0]
        == export("small.yaml o.pdf --curve error")[0]
        == 0
    )
    both, again, one = (folder.joinpath(f"{name}.pdf").read_bytes() for name in ("all", "again", "o"))
    assert both == again and both.startswith(b"%PDF")
    assert [len(re.findall(rb"/Type /Page\b", content)) for content in (both, one)] == [2, 1]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("small.yaml all.doc", "its ending must be one of .safetensors: the trained weights"),
        ("small.yaml nowhere/all.csv", "there is no folder"),
        ("small.yaml all.csv --curve eror", "unknown curve 'eror', did you mean 'error'? known: error, risk"),
        ("small.yaml all.pdf --curve eror", "did you mean 'error'?"),
        ("small.yaml all.pdf --rows", "--rows writes every measured number as .csv or .parquet"),
        ("small.yaml net.safetensors", "no trial in"),
        ("0123 net.safetensors --seeds 3", "given by its id and no other option"),
        ("small.yaml@epochs=3 all.csv", "nothing is recorded of small@epochs=3 in 'runs'"),
    ],
)
def test_what_cannot_be_written_is_refused(typed: str, says: str, export: Any, folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    code, out, err = export(typed)
    assert (code, out) == (2, "") and says in err
    assert sorted(path.name for path in folder.iterdir()) == before
