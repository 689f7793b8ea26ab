"""Every sweep that comes with the program runs to its end: its debug profile, through the command line, in process."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator import cli
from orchestrator.spec import load


@pytest.fixture(scope="module", params=load.shipped_names())
def launched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return str(request.param), tmp_path_factory.mktemp(str(request.param))


def run(
    verb: str, name: str, store: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, dict[str, Any]]:
    """Exit code and last line of a command on a shipped sweep's debug profile."""
    with pytest.raises(SystemExit) as end:
        cli.main([verb, name, "--profile", "debug", "--store", str(store), "--json", *more])
    return int(end.value.code or 0), json.loads(capsys.readouterr().out.splitlines()[-1])


def test_debug_profile(launched: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """All trials end, every curve is drawn, every claim is judged; one that fails is a result, with exit code 1."""
    name, store = launched
    sweep = load.read(name, "debug")
    code, result = run("launch", name, store, capsys, "--local")
    verdicts = [claim["verdict"] for claim in result["claims"]]
    assert code == int("fails" in verdicts)
    counts = result["trials"]
    assert counts["run"] == counts["total"] > 0 and counts["failed"] == counts["already_done"] == 0
    assert [claim["name"] for claim in result["claims"]] == [claim.name for claim in sweep.claims]
    assert all("reason" not in claim["evidence"] for claim in result["claims"]), "a claim asks for what is not there"
    drawn = {curve["name"]: curve for curve in result["curves"]}
    assert {curve.name for curve in sweep.curves} <= set(drawn)
    assert all(Path(curve[kind]).stat().st_size > 0 for curve in drawn.values() for kind in ("png", "svg"))


def test_every_shipped_sweep_has_its_profiles_and_says_where_it_comes_from() -> None:
    for name in load.shipped_names():
        sweep = load.read(name)
        assert "debug" in sweep.profiles and sweep.source and sweep.notes
