"""A real container engine of the test's own, and the images that docker/ needs, where none can be pulled.

The engine is Debian's docker.io with everything of it in one folder: what else runs on this machine is not touched.
Images that a registry would give are made on a bare Debian (debootstrap) under the same names, so that
docker/Dockerfile and docker/compose.yaml are used as they are: python:3.11-slim is Debian's Python; postgres:15 is
Debian's PostgreSQL, begun as the official image begins it; minio/minio is moto's server, which speaks S3 and keeps it
in memory.
"""

import functools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.checkout import ROOT
from tests.support.launching.waiting import until

PROGRAMS = {"debootstrap": "debootstrap", "dockerd": "docker.io", "docker-compose": "docker-compose"}
RELEASES = {(3, 11): "bookworm", (3, 13): "trixie"}  # of Debian, by its Python, which must be the one of the wheels
RELEASE = RELEASES.get(sys.version_info[:2], "")
WITH = "python3,python3-venv,python-is-python3"  # what python:3.11-slim has beyond Debian
PIP = "[global]\nno-index = true\nfind-links = http://127.0.0.1:{port}/\ntrusted-host = 127.0.0.1\n"
POSTGRES = """FROM bare
RUN apt-get update && apt-get install -y --no-install-recommends postgresql && rm -rf /var/lib/postgresql/*
COPY start /start
ENTRYPOINT ["sh", "/start"]
"""
POSTGRES_START = r"""set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
export PGDATA=/var/lib/postgresql/data
as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  chown postgres "$PGDATA"
  (umask 377; echo "$POSTGRES_PASSWORD" >/tmp/password; chown postgres /tmp/password)
  as initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust \
    --encoding=UTF8 --locale=C.UTF-8
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  as pg_ctl -o "-c listen_addresses=" -w start
  psql -U "$POSTGRES_USER" -d postgres -c "create database $POSTGRES_DB"
  for file in /docker-entrypoint-initdb.d/*.sql; do psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -f "$file"; done
  as pg_ctl -w stop
fi
exec setpriv --reuid=postgres --regid=postgres --clear-groups postgres -c listen_addresses='*'
"""
S3 = """FROM sweep
USER 0
RUN /opt/sweep/bin/pip install --quiet "moto[server]"
COPY minio mc /usr/local/bin/
RUN chmod +x /usr/local/bin/minio /usr/local/bin/mc
ENTRYPOINT ["minio"]
"""
S3_FILES = {
    "minio": "#!/bin/sh\nexec moto_server -H 0.0.0.0 -p 9000\n",
    "mc": """#!/opt/sweep/bin/python
import urllib.request

urllib.request.urlopen("http://127.0.0.1:9000/moto-api/", timeout=3)
""",
}


def lacking() -> str:
    """Why no engine can be had here; "" if it can."""
    lost = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if os.geteuid() != 0 or lost:
        return f"needs root, and Debian's {', '.join(lost or PROGRAMS.values())}"
    return "" if RELEASE else f"no release of Debian has Python {sys.version_info[0]}.{sys.version_info[1]}"


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """What a command prints. Fails with all that it said."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=cwd,
                          env={**os.environ, **environment})  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


class Engine:
    """Speaks to a private engine at this socket."""

    def __init__(self, socket: Path) -> None:
        self.environment = {"DOCKER_HOST": f"unix://{socket}", "DOCKER_BUILDKIT": "0"}

    def __call__(self, *arguments: str | Path) -> str:
        return run("docker", *arguments, **self.environment)

    def build(self, name: str, folder: Path, *options: str) -> None:
        """Builds with this machine's network, by which Debian's packages and the wheels are reached."""
        self("build", "--quiet", "--network=host", f"--tag={name}", *options, folder)


def _answers(socket: Path) -> bool:
    ask = ["docker", "-H", f"unix://{socket}", "info"]
    return socket.exists() and subprocess.run(ask, capture_output=True, check=False).returncode == 0


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """An engine of its own, which ends with everything that runs in it."""
    socket, said = folder / "docker.sock", (folder / "dockerd.log").open("w")
    where = [f"--data-root={folder / 'data'}", f"--exec-root={folder / 'exec'}", f"--pidfile={folder / 'pid'}"]
    daemon = subprocess.Popen(["dockerd", *where, f"--host=unix://{socket}"], stdout=said, stderr=said)
    try:
        until(lambda: daemon.poll() is not None or _answers(socket), "the container engine", 60)
        if daemon.poll() is not None:
            said.flush()
            last = (folder / "dockerd.log").read_text().strip().splitlines()[-1:]
            pytest.skip(f"no container engine can run here: {last}")
        yield Engine(socket)
    finally:
        daemon.terminate()
        daemon.wait(60)
        said.close()
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for left in sorted((m for m in mounts if m.startswith(str(folder))), reverse=True):
            run("umount", left)
        shutil.rmtree(folder, ignore_errors=True)


def debian(docker: Engine, folder: Path) -> None:
    """`bare`: a Debian with a Python, and nothing else."""
    made = subprocess.run(["debootstrap", "--variant=minbase", f"--include={WITH}", RELEASE, folder / "root"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    if made.returncode:
        pytest.skip(f"debootstrap made no Debian: {made.stdout.strip().splitlines()[-1]}")
    run("tar", "-C", folder / "root", "-cf", folder / "bare.tar", ".")
    docker("import", folder / "bare.tar", "bare")
    shutil.rmtree(folder / "root")


@contextmanager
def wheels(folder: Path) -> Iterator[int]:
    """The port at which the wheels of constraints.txt lie: fetched by the pip that installed this environment and with
    its settings, so that PyTorch is the one that is used here."""
    wanted = ("--constraint", "constraints.txt", ".[server,kubernetes]", "moto[server]", "setuptools>=77", "wheel")
    run(sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder, *wanted)
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def from_text(docker: Engine, name: str, folder: Path, dockerfile: str, **files: str) -> None:
    """Builds an image from a Dockerfile's text and the files that it copies."""
    folder.mkdir()
    for file, text in {"Dockerfile": dockerfile, **files}.items():
        (folder / file).write_text(text)
    docker.build(name, folder)


@contextmanager
def images(folder: Path) -> Iterator[Engine]:
    """An engine with all the images of docker/compose.yaml; `sweep` is docker/Dockerfile itself."""
    (folder / "wheels").mkdir()
    (folder / "engine").mkdir()
    with engine(folder / "engine") as docker, wheels(folder / "wheels") as port:
        debian(docker, folder)
        pip = PIP.format(port=port)
        from_text(
            docker, "python:3.11-slim", folder / "python", "FROM bare\nCOPY pip.conf /etc/\n", **{"pip.conf": pip}
        )
        docker.build("sweep", ROOT, "--file=docker/Dockerfile")
        from_text(docker, "postgres:15", folder / "postgres", POSTGRES, start=POSTGRES_START)
        from_text(docker, "minio/minio", folder / "s3", S3, **S3_FILES)
        yield docker
