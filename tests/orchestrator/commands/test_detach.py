"""What a detached launch asks of the head, and what it refuses; on a real cluster in test_detach_on_hosts.py."""

from pathlib import Path

import pytest

from orchestrator import cli
from orchestrator.commands import detach
from orchestrator.commands.options import WhichMachines, WhichStore, WhichSweep
from orchestrator.launch.options import Options
from orchestrator.spec import load
from orchestrator.spec.expand import expand
from tests.support import user_files
from tracking.common.errors import Refused

SECRET = "hunter2-hunter2"


def test_the_head_is_asked_for_the_same_launch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read as the head will read it: by the command line itself."""
    sweep = load.read("demo", "debug", ["optimizer.learning_rate=0.1", "epochs=3"])
    options = Options("s3://sweeps/runs", False, "head:6379", "http://mlflow:5000", True, 7)
    name, bound, _ = cli.app.parse_args(detach.command(sweep, options)[1:], exit_on_error=False, print_error=False)
    assert name is cli.launch
    which = WhichSweep("demo.yaml", profile="debug", set_=("optimizer.learning_rate=0.1", "epochs=3"))
    assert bound.arguments == {
        "which": which, "machines": WhichMachines(address="auto"), "at": WhichStore("s3://sweeps/runs"),
        "tracking_uri": "http://mlflow:5000", "retry_failed": True, "limit": 7,
    }  # fmt: skip
    monkeypatch.chdir(tmp_path)
    detach.write(sweep, tmp_path)
    there = which.read(WhichStore())
    assert (there.digest, there.name) == (sweep.digest, sweep.name)


def test_the_files_beside_a_sweep_travel_with_it(tmp_path: Path) -> None:
    sweep = load.read(str(user_files.write(tmp_path / "here", {"nets/deep/__init__.py": "", "nets/deep/two.py": ""})))
    (tmp_path / "there").mkdir()
    detach.write(sweep, tmp_path / "there")
    there = load.read(str(tmp_path / "there/mine.yaml"))
    assert there.files.digest == sweep.files.digest and there.files != sweep.files
    assert [trial.id for trial in expand(there)] == [trial.id for trial in expand(sweep)]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("", ["--detach needs a cluster", "--address host:6379"]),
        ("--address h:1 --local", ["--local", "leave one out"]),
        ("--address h:1 --debug", ["--debug", "leave one out"]),
        (f"--address h:1 --tracking-uri http://me:{SECRET}@mlflow:5000", ["http://mlflow:5000 has a password"]),
        (f"--address h:1 --store s3://key:{SECRET}@sweeps/runs", ["must not hold a name or password"]),
    ],
)
def test_what_cannot_travel_is_refused(
    more: str, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(SystemExit) as ended:
        cli.main(["launch", "demo", "--detach", *more.split()])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert [w for w in words if w not in said] == [] and SECRET not in said


def test_a_password_in_the_environments_address_does_not_travel_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:{SECRET}@mlflow:5000")
    with pytest.raises(Refused, match="has a password") as refused:
        detach.submit(load.read("demo"), Options(address="10.0.0.1:6379"))
    assert SECRET not in str(refused.value)
