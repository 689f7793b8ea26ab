"""`sweep compare` from the command line, on records that are made up."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orchestrator import cli
from orchestrator.execution.store.keep_sweep import keep_sweep
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from tests.support.stores import recorded_sweeps
from tracking.records.store import Store
from workers.trial import Trial


def error(trial: Trial, step: int, split: str) -> float:
    """Falls with width, and with epochs; each seed a little different."""
    wide, long = trial.plain["net"]["width"], trial.plain["epochs"]
    return 0.8 / (wide * long) + 0.01 * trial.seed + 0.001 * trial.seed * long + 0.1 * (split == "test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two variants of one sweep in one store, the first of them in another store, too, and another sweep."""
    folder = tmp_path_factory.mktemp("compare")
    store, old = Store(str(folder / "runs")), Store(str(folder / "old/runs"))
    file = str(recorded_sweeps.write(folder / "small.yaml"))
    for where, overrides in ((store, ()), (store, ("epochs=4",)), (old, ())):
        recorded_sweeps.record(expand(read(file, None, overrides)), where, error)
    text = Path(file).read_text()
    (folder / "other.yaml").write_text(text.replace("name: error, x", "name: other, x"))
    return folder


def run(folder: Path, typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The exit code and what was written to stdout and stderr."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SWEEP_STORE", raising=False)
    with pytest.raises(SystemExit) as ended:
        cli.main(typed.split())
    return (int(ended.value.code or 0), *capsys.readouterr())


def test_two_variants(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(folder, "compare small.yaml small.yaml@epochs=4 --json", monkeypatch, capsys)
    found = json.loads(out)
    assert code == 0 and found["sweeps"] == ["small", "small@epochs=4"]
    assert found["settings"] == {"epochs": {"small": "2", "small@epochs=4": "4"}}
    (curve,) = found["curves"]
    assert [(d["line"], d["x"], d["how"], d["n"]) for d in curve["differences"]] == [
        (split, width, "paired", 2) for split in ("train", "test") for width in (2, 4)
    ]
    assert [d["found"] for d in curve["differences"]] == ["lower"] * 4
    assert [set(claim["verdicts"]) for claim in found["claims"]] == [{"small", "small@epochs=4"}]
    (figure,) = found["figures"]
    drawn = Path(figure["svg"]).read_text()
    assert ">small<" in drawn and ">small@epochs=4<" in drawn
    table = pd.read_csv(found["differences"])
    assert table["difference"].tolist() == pytest.approx([d["difference"] for d in curve["differences"]])
    assert Path(found["file"]).parent == folder / "runs/comparisons/small vs small@epochs=4"


def test_tables_for_people(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(folder, "compare small.yaml small.yaml@epochs=4", monkeypatch, capsys)
    assert (code, out) == (0, "")
    for words in ("what differs", "mean error of small@epochs=4 minus that of small", "net.width", "lower", "claims",
                  "95% intervals: 4 paired by seed"):  # fmt: skip
        assert words in err


def test_one_sweep_in_two_stores(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = "compare small.yaml old/runs::small.yaml --json"
    code, out, _ = run(folder, typed, monkeypatch, capsys)
    found = json.loads(out)
    assert code == 0 and found["sweeps"] == ["runs::small", "old/runs::small"]
    assert {d["found"] for c in found["curves"] for d in c["differences"]} == {"undecided"}
    assert {d["same"] for c in found["curves"] for d in c["differences"]} == {2}
    code, _, err = run(folder, typed.removesuffix(" --json"), monkeypatch, capsys)
    assert code == 0 and "same values to the last bit" in err and "equal" not in err
    assert Path(found["file"]).parent.name != "small vs small"


def test_a_sweep_before_its_file_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(str(tmp_path / "runs"))
    for epochs in (2, 4):
        sweep = read(str(recorded_sweeps.write(tmp_path / "mine.yaml", epochs=epochs)))
        with keep_sweep(sweep, expand(sweep), store, None):
            recorded_sweeps.record(expand(sweep), store, error)
    code, out, err = run(tmp_path, "compare mine.yaml~1 mine --json", monkeypatch, capsys)
    found = json.loads(out)
    assert code == 0 and found["sweeps"] == ["mine~1", "mine"], err
    assert found["settings"] == {"epochs": {"mine~1": "2", "mine": "4"}}
    assert {d["found"] for d in found["curves"][0]["differences"]} == {"lower"}
    for typed, says in (("mine~2 mine", "keeps 2 versions of mine"), ("mien~1 mine", "did you mean 'mine'?")):
        code, _, err = run(tmp_path, f"compare {typed}", monkeypatch, capsys)
        assert code == 2 and says in err


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("small.yaml small.yaml", "'runs::small' is given 2 times"),
        ("small.yaml small.yaml@epochs=9", "nothing is recorded of small@epochs=9 in 'runs'; `sweep launch small.yaml"),
        ("small.yaml nowhere::small.yaml", "there is no store at 'nowhere'"),
        ("small.yaml ::small.yaml", "expected a store, '::' and a sweep"),
        ("small.yaml other.yaml", "no curve in common that can be compared: small has error; other has other"),
        ("small.yaml", "`sweep compare` needs SECOND"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    typed: str, says: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(folder, f"compare {typed}", monkeypatch, capsys)
    assert (code, out) == (2, "") and says in " ".join(err.split())


def test_curves_of_nothing_recorded_draws_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(str(path) for path in (folder / "runs").rglob("*"))
    code, out, err = run(folder, "curves small.yaml@epochs=7", monkeypatch, capsys)
    assert (code, out) == (2, "") and "`sweep launch small.yaml --set epochs=7`" in err
    assert sorted(str(path) for path in (folder / "runs").rglob("*")) == before


def test_the_first_store_alone_is_written_to(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(folder / "old", tmp_path / "old")
    before = sorted(path.name for path in (tmp_path / "old").rglob("*"))
    code, _, err = run(folder, f"compare small.yaml {tmp_path}/old/runs::small.yaml", monkeypatch, capsys)
    assert code == 0, err
    assert sorted(path.name for path in (tmp_path / "old").rglob("*")) == before
