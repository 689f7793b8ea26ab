"""The doctor finds real breakages, each with its remedy, and leaves nothing behind."""

import http.server
import json
import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.cli import app
from orchestrator.commands.machine import doctor
from orchestrator.commands.machine.doctor import Finding
from tests.support.stores.recorded_sweeps import launched, write
from tracking.records.store import Store


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME", "SWEEP_DATA", "RAY_ADDRESS", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Finding]]:
    code = app(["doctor", *arguments, "--json"], result_action="return_value")
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] == (code == 0)
    return code, {c["name"]: Finding(**c) for c in answer["checks"]}


def test_a_sound_machine_and_nothing_is_left_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run("--store", str(tmp_path / "runs"), capsys=capsys)
    assert code == 0, found
    assert found["store"].state == found["disk"].state == found["MLflow"].state == "ok"
    assert found["data: digits"].state == "ok" and "torch" in found["packages"].found
    assert not (tmp_path / "runs").exists()


def test_a_store_that_was_there_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/mine").write_text("1")
    assert doctor.records(str(tmp_path / "runs")).state == "ok"
    assert os.listdir(tmp_path / "runs") == ["mine"]


@pytest.mark.skipif(not os.access("/proc", os.R_OK), reason="needs Linux's /proc, which nobody can write")
def test_a_read_only_folder(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run("--store", "/proc/runs", capsys=capsys)
    assert code == 1 and found["store"].state == "problem"
    assert "'/proc/runs' cannot be used" in found["store"].found and "another --store" in found["store"].remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert doctor.records(str(tmp_path / "runs")).state == "problem"
    tmp_path.chmod(0o700)


def test_a_store_of_an_unknown_kind_and_one_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for root in ("ftp://host/runs", str(tmp_path / "file/runs")):
        assert doctor.records(root).state == "problem", root
    assert (tmp_path / "file").read_text() == ""


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MIN_FREE", 2**60)
    found = doctor.disk(str(tmp_path))
    assert found.state == "problem" and "GiB free at" in found.found


def test_an_unreachable_cluster(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, found = run("--address", "127.0.0.1:1", "--store", str(tmp_path / "runs"), capsys=capsys)
    assert code == 1 and "nothing answers at '127.0.0.1:1'" in found["Ray"].found and found["Ray"].remedy


@contextmanager
def server(code: int, body: str) -> Iterator[str]:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code if self.command == "POST" else 200)
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()


def test_an_mlflow_server_that_wants_a_password(tmp_path: Path) -> None:
    with server(401, "") as uri:
        found = doctor.tracking(str(tmp_path), uri)
    assert found.state == "problem" and "401" in found.found and "MLFLOW_TRACKING_PASSWORD" in found.remedy


def test_an_mlflow_server_of_another_version(tmp_path: Path) -> None:
    with server(200, "2.1.0") as uri:
        found = doctor.tracking(str(tmp_path), uri)
    assert found.state == "note" and "MLflow 2.1.0" in found.found


def test_a_dead_mlflow_server_and_one_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ANSWER_S", 0.5)
    launched(write(tmp_path / "x.yaml"), Store(str(tmp_path)))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{listening.getsockname()[1]}"
        dead = doctor.tracking(str(tmp_path), uri)
        listening.listen()
        hung = doctor.tracking(str(tmp_path), uri)
    for found in (dead, hung):
        assert found.state == "problem" and "does not answer" in found.found
        assert f"`sweep sync x --tracking-uri {uri} --store {tmp_path}` catches up" in found.remedy


def test_a_damaged_mlflow_database_and_the_retired_file_store(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.write_bytes(b"not a database, but long enough to be read as one" * 100)
    launched(write(tmp_path / "x.yaml"), Store(str(tmp_path)))
    remedy = doctor.tracking(str(tmp_path), None).remedy
    assert remedy.startswith(f"remove it (`rm {tmp_path}/mlflow.db`); `sweep sync x --store {tmp_path}` builds it")
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("create table x (y)")
    connection.close()
    found = doctor.tracking(str(tmp_path), None)
    assert found.state == "problem" and "another version of MLflow" in found.found and "`rm " in found.found
    assert doctor.tracking(str(tmp_path), "file:///somewhere").state == "problem"


def test_a_token_that_others_can_read(tmp_path: Path) -> None:
    file = tmp_path / "home/.ray/auth_token"
    file.parent.mkdir(parents=True)
    file.write_text("secret")
    file.chmod(0o644)
    found = doctor.secret()
    assert found.state == "problem" and found.remedy == f"chmod 600 {file}" and "secret" not in found.found
    file.chmod(0o600)
    assert doctor.secret().state == "ok"


def test_data_that_are_not_here_are_said_to_be_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = doctor.data("cifar10")
    assert found.state == "note" and "SWEEP_DATA" in found.remedy
    (tmp_path / "data/cifar-10-batches-py").mkdir(parents=True)
    (tmp_path / "data/cifar-10-batches-py/data_batch_1").write_bytes(b"")
    monkeypatch.setenv("SWEEP_DATA", str(tmp_path / "data"))
    assert doctor.data("cifar10").state == "ok"


def test_people_read_one_line_a_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app(["doctor", "--store", str(tmp_path / "runs")], result_action="return_value")
    said = capsys.readouterr()
    assert said.out == "" and "ok       store:" in said.err
