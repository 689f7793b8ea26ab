"""Passwords and tokens in an address of MLflow or in the environment are in nothing that a launch leaves or shows."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.launching.launches import Launch, Place, sweep

SECRETS = ("pa/ss@w0rd-secret", "ss@w0rd-secret", "w0rd-secret", "t0ken-secret", "envir0nment-secret")
ADDRESS = "http://ada:pa/ss@w0rd-secret@127.0.0.1:9/?token=t0ken-secret"  # nothing listens at port 9
ENVIRONMENT = {
    "MLFLOW_TRACKING_PASSWORD": "envir0nment-secret",
    "AWS_SECRET_ACCESS_KEY": "envir0nment-secret",
    "MY_TOKEN": "envir0nment-secret",
}
CURVES = [{"name": "v", "x": "step", "y": "value", "split": ""}]
LONG = sweep(
    "misbehaving", {"steps": 40, "pause": 0.05}, {"does": ["count", "raise"], "seed": {"count": 2}}, curves=CURVES
)


def titles(launch: Launch) -> list[str]:
    """The command lines of all processes of a launch, which every user of the machine can read."""
    found = []
    for process in launch.processes():
        try:
            found.append(Path(f"/proc/{process.pid}/cmdline").read_text("utf-8", "replace"))
        except FileNotFoundError:
            continue
    return found


def interrupted(place: Place, *options: str, **environment: str) -> Launch:
    """A launch that is stopped in mid-training; some trials have failed by then."""
    launch = place.start(*options, **ENVIRONMENT, **environment)
    place.begun(launch, 3)
    assert titles(launch) and not [title for title in titles(launch) if any(s in title for s in SECRETS)]
    launch.send(signal.SIGINT)
    return launch.ends(75)


def holding(*folders: Path) -> list[str]:
    """Files that hold a secret, as it is or with its special characters written as %XX."""
    secrets = [form.encode() for s in SECRETS for form in (s, s.replace("/", "%2F").replace("@", "%40"))]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 10
    return [str(path) for path in files if any(secret in path.read_bytes() for secret in secrets)]


@pytest.fixture
def rays_folder() -> Iterator[str]:
    """A folder of its own for what Ray writes; short, for it holds sockets."""
    folder = tempfile.mkdtemp(prefix="r", dir="/tmp")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_secrets_are_in_nothing_that_commands_leave_or_show(place: Place) -> None:
    place.write(LONG)
    interrupted(place, "--tracking-uri", ADDRESS)
    hidden = {**ENVIRONMENT, "MLFLOW_TRACKING_URI": ADDRESS}
    for command in ("sync", "curves", "status", "verify", "plan"):
        done = place.program.run(place.folder, command, "faults.yaml", **hidden)
        assert done.code in (0, 1, 74) and "Traceback" not in done.err, done.err
    uri = f"sqlite:///{place.store / 'mlflow.db'}"
    place.program.run(place.folder, "sync", "faults.yaml", "--tracking-uri", uri, **hidden).ends(0)
    assert holding(place.folder, place.program.root / "runs") == []


@pytest.mark.ray
@pytest.mark.faults
def test_secrets_are_in_no_process_title_and_no_log_of_ray(place: Place, rays_folder: str) -> None:
    interrupted(place.write(LONG), "--ray", MLFLOW_TRACKING_URI=ADDRESS, RAY_TMPDIR=rays_folder)
    assert os.listdir(rays_folder) and holding(place.folder, place.program.root / "runs", Path(rays_folder)) == []
