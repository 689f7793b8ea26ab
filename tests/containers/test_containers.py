"""docker/Dockerfile built by a container engine, and docker/compose.yaml brought up with it: a sweep across containers,
through a worker killed and a database restarted. Takes minutes and gigabytes: `make test-image`.
"""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import ROOT
from tests.support.launching.waiting import until
from tests.support.services import container_engine
from tests.support.services.cluster_records import SWEEP, TRIALS
from tests.support.services.container_engine import Engine

LACKING = container_engine.lacking()
pytestmark = [pytest.mark.image, pytest.mark.timeout(1800), pytest.mark.skipif(bool(LACKING), reason=LACKING)]
EPOCHS = 3000  # the faults must come before the end
SECRETS = {
    "RAY_AUTH_TOKEN": "t" * 40,
    "POSTGRES_PASSWORD": "p" * 20,
    "S3_PASSWORD": "s" * 20,
    "MLFLOW_PASSWORD": "m" * 20,
}
OURS = ("mlflow", "head", "worker")


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with container_engine.images(tmp_path_factory.mktemp("containers")) as engine:
        yield engine


class Compose:
    """docker/compose.yaml as it is, used from a folder of the user's own."""

    def __init__(self, docker: Engine, folder: Path) -> None:
        self.docker, self.folder, self.begun = docker, folder, time.monotonic()
        lines = (ROOT / "docker" / "example.env").read_text().splitlines()
        filled = [f"{line}{SECRETS.get(line.removesuffix('='), '')}" for line in lines]
        (folder / ".env").write_text("\n".join(filled) + "\n")
        (folder / "widths.yaml").write_text(SWEEP % EPOCHS)
        shutil.copy(ROOT / "tests/support/services/cluster_records.py", folder)
        for path in (folder, *folder.iterdir()):
            os.chown(path, 1000, 1000)

    def command(self, *arguments: str) -> list[str]:
        return ["docker-compose", "-f", str(ROOT / "docker" / "compose.yaml"), "--env-file", ".env", *arguments]

    def __call__(self, *arguments: str) -> str:
        return container_engine.run(
            *self.command(*arguments), cwd=self.folder, PWD=str(self.folder), **self.docker.environment
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        environment = {**os.environ, **self.docker.environment, "PWD": str(self.folder)}
        return subprocess.Popen(self.command(*arguments), cwd=self.folder, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip

    def containers(self, service: str) -> list[dict[str, Any]]:
        """What the engine knows of a service's containers."""
        ids = self("ps", "-q", service).split()
        return list(json.loads(self.docker("inspect", *ids)))

    def say(self, what: str) -> None:
        print(f"{time.monotonic() - self.begun:6.1f} s  {what}")


@pytest.fixture(scope="module")
def compose(docker: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    up = Compose(docker, tmp_path_factory.mktemp("mine"))
    try:
        up("up", "-d", "--no-build", "--scale", "worker=2")
        yield up
    finally:
        up("down", "--volumes", "--timeout", "5")


def in_image(docker: Engine, line: str) -> str:
    """What a shell's line prints in the image, with as few rights as the compose file leaves it."""
    few = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp", "--network=none",
           "--tmpfs=/home/sweep:uid=1000", "--shm-size=1g")  # fmt: skip
    return docker("run", "--rm", *few, "sweep", "sh", "-c", line)


def test_the_image_runs_a_sweep_alone_as_a_user_without_rights(docker: Engine) -> None:
    assert in_image(docker, "id --user; grep CapEff /proc/self/status").split() == ["1000", "CapEff:", "0" * 16]
    write = f"cat > widths.yaml <<'YAML'\n{SWEEP % 2}\nYAML\n"
    found = json.loads(in_image(docker, f"cd; {write}sweep launch widths.yaml --store runs --json").splitlines()[-1])
    assert found["trials"] == {
        "total": TRIALS,
        "run": TRIALS,
        "already_done": 0,
        "failed": 0,
        "diverged": 0,
        "missing": 0,
    }


def test_versions_and_kernels_are_in_the_image(docker: Engine) -> None:
    pins = {line for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    lines = [line.partition("+")[0] for line in in_image(docker, "/opt/sweep/bin/pip freeze").splitlines()]
    installed = {line for line in lines if line.startswith(("ray==", "torch==", "mlflow==", "grpcio=="))}
    assert len(installed) == 4 and installed <= pins
    kernels = in_image(docker, "ls /opt/sweep/lib/python*/site-packages/workers/engines/cpu/kernels/")
    assert {"_baseline.so", "_avx2.so", "_avx512.so"} <= set(kernels.split())
    assert not in_image(docker, "find / -xdev -perm -2 -type f -user root 2>/dev/null || true"), "root's, and writable"


def test_the_mlflow_server_asks_for_its_secrets(docker: Engine) -> None:
    assert "user:password@host:port of PostgreSQL" in in_image(docker, "mlflow-server 2>&1 || true")


def test_our_services_have_no_rights_and_no_service_but_mlflow_is_published(compose: Compose) -> None:
    for service in OURS:
        for one in compose.containers(service):
            status = Path(f"/proc/{one['State']['Pid']}/status").read_text()
            assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status and "Uid:\t1000" in status
            assert one["HostConfig"]["ReadonlyRootfs"] and one["State"]["Running"] and one["State"]["Error"] == ""
    every = json.loads(compose.docker("inspect", *compose.docker("ps", "-q").split()))
    published = {p["HostIp"] + ":" + p["HostPort"] for c in every for p in _ports(c)}
    assert published == {"127.0.0.1:5000"}


def _ports(container: dict[str, Any]) -> list[dict[str, str]]:
    return [p for ports in container["NetworkSettings"]["Ports"].values() for p in ports or []]


def asked(path: str, host: str = "localhost:5000", password: str = "") -> int:
    """The status with which the published MLflow answers."""
    headers = {"Host": host}
    if password:
        headers["Authorization"] = "Basic " + b64encode(f"admin:{password}".encode()).decode()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:5000{path}", headers=headers)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_mlflow_asks_who_is_there_and_answers_to_its_own_names_only(compose: Compose) -> None:
    until(lambda: compose.containers("mlflow")[0]["State"]["Health"]["Status"] == "healthy", "MLflow", 120)
    page = "/api/2.0/mlflow/experiments/search?max_results=1"
    assert asked(page) == 401 and asked(page, password="wrong" * 4) == 401
    assert asked(page, password=SECRETS["MLFLOW_PASSWORD"]) == 200
    assert asked(page, "rebound.example", SECRETS["MLFLOW_PASSWORD"]) == 403


def test_a_sweep_across_containers_survives_a_killed_worker_and_a_restarted_database(compose: Compose) -> None:
    def status() -> dict[str, int]:
        said = compose("run", "--rm", "--no-deps", "--entrypoint", "sweep", "launch", "status", "widths.yaml", "--json")
        return dict(json.loads(said.splitlines()[-1])["trials"])

    running = compose.start("run", "--rm", "launch", "sweep", "launch", "widths.yaml", "--json")
    until(lambda: status().get("finished", 0) > 0, "the first trials", 300)
    compose.say(f"{status()}")
    killed = compose.containers("worker")[0]
    os.kill(killed["State"]["Pid"], signal.SIGKILL)
    compose.docker("restart", "--time=0", compose.containers("postgres")[0]["Id"])
    compose.say(f"killed a worker, restarted PostgreSQL; {status()}")
    until(lambda: compose.docker("inspect", "-f", "{{.RestartCount}}", killed["Id"]).strip() == "1", "its return", 60)
    out, said = running.communicate(timeout=900)
    assert running.returncode == 0, said[-3000:]
    assert json.loads(out.splitlines()[-1])["trials"]["run"] == TRIALS
    check = ("python", "cluster_records.py", "widths.yaml", "s3://sweeps/runs", "http://mlflow:5000")
    compose.say(said[-1500:])
    found = json.loads(compose("run", "--rm", "--no-deps", "--entrypoint", "", "launch", *check).splitlines()[-1])
    compose.say(f"done; {found}")
    assert found["ended"] == TRIALS and found["wrong"] == [] and found["mirror"] == []
    assert list(compose.folder.glob("figures/widths/*.png")), "figures are where it was launched"
