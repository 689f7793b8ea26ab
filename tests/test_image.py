"""docker/Dockerfile itself, built on a bare Debian by debootstrap, since no base image is pulled; and a sweep in it.

Wheels are fetched outside, by the pip that installed this environment and with its settings, so that PyTorch is the one
that is used here. Takes minutes and gigabytes: `make test-image`.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster_check import SWEEP, TRIALS

ROOT = Path(__file__).parent.parent
PROGRAMS = ("debootstrap", "buildah")
RELEASES = {(3, 11): "bookworm", (3, 13): "trixie"}  # of Debian, by its Python, which must be the one of the wheels
RELEASE = RELEASES.get(sys.version_info[:2], "")
WITH = "python3,python3-venv,python-is-python3"  # what python:3.11-slim has beyond Debian
Build = Callable[..., str]


def lacking() -> str:
    lost = [p for p in PROGRAMS if not shutil.which(p)]
    if os.geteuid() != 0 or lost:
        return f"needs root, and Debian's {', '.join(PROGRAMS)}"
    return "" if RELEASE else f"no release of Debian has Python {sys.version_info[0]}.{sys.version_info[1]}"


pytestmark = [pytest.mark.image, pytest.mark.timeout(1800), pytest.mark.skipif(bool(lacking()), reason=lacking())]


def run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Debian with a Python, and nothing else."""
    root = tmp_path_factory.mktemp("debian") / "root"
    command = ["debootstrap", "--variant=minbase", f"--include={WITH}", RELEASE, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"debootstrap made no Debian: {done.stdout.strip().splitlines()[-1]}")
    return root


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    wanted = ("--constraint", "constraints.txt", ".[server,kubernetes]", "setuptools>=77")
    run(sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder, *wanted)
    return folder


@pytest.fixture(scope="module")
def image(bare: Path, wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """The image; runs a shell's line in it as it is: as its user, with no capabilities."""
    folder = tmp_path_factory.mktemp("image")
    buildah = ("buildah", "--root", folder / "store", "--runroot", folder / "run")
    (folder / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    mounts = (f"--volume={wheels}:/wheels:ro", f"--volume={folder}/pip.conf:/etc/pip.conf:ro")
    try:
        run("tar", "-C", bare, "-cf", folder / "bare.tar", ".")
        base = run(*buildah, "from", "scratch").strip()
        run(*buildah, "add", "--quiet", base, folder / "bare.tar", "/")
        run(*buildah, "commit", "--quiet", base, "bare")
        apart = ("--isolation=chroot", "--network=host")  # works inside of a container, too
        run(*buildah, "build", *apart, *mounts, "--build-arg=BASE=localhost/bare", "--file=docker/Dockerfile",
            "--tag=sweep", ".")  # fmt: skip
        made = run(*buildah, "from", "localhost/sweep").strip()
        yield lambda line: run(*buildah, "run", "--isolation=chroot", "--cap-drop=all", made, "--", "sh", "-c", line)
    finally:
        subprocess.run([*map(str, buildah), "rm", "--all"], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def test_it_is_built_and_runs_a_sweep_as_a_user_without_rights(image: Build) -> None:
    assert image("id --user; grep CapEff /proc/self/status").split() == ["1000", "CapEff:", "0" * 16]
    write = f"cat > widths.yaml <<'YAML'\n{SWEEP % 2}\nYAML\n"
    found = json.loads(image(f"cd; {write}sweep launch widths.yaml --store runs --json").splitlines()[-1])
    print(found)
    assert found["trials"] == {"total": TRIALS, "run": TRIALS, "already_done": 0, "failed": 0, "diverged": 0}


def test_versions_and_kernels_are_in_it(image: Build) -> None:
    pins = {line for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    lines = [line.partition("+")[0] for line in image("/opt/sweep/bin/pip freeze").splitlines()]
    installed = {line for line in lines if line.startswith(("ray==", "torch==", "mlflow==", "grpcio=="))}
    assert len(installed) == 4 and installed <= pins
    kernels = image("ls /opt/sweep/lib/python*/site-packages/workers/kernels/")
    assert {"_baseline.so", "_avx2.so", "_avx512.so"} <= set(kernels.split())
    assert not image("find / -xdev -perm -2 -type f -user root 2>/dev/null || true"), "nothing of root's is writable"


def test_the_mlflow_server_asks_for_its_secrets(image: Build) -> None:
    assert "user:password@host:port of PostgreSQL" in image("mlflow-server 2>&1 || true")
