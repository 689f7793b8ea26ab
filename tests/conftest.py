"""The program under test as real processes, started once for all tests that provoke faults."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# An example that takes long on a busy machine is no failure.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
pytest.register_assert_rewrite("tests.support")  # before their import

# What tests train, slowed down and killed, says nothing of this machine's speed: `sweep plan` would believe it.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="sweep-cache-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

# Triton reads this once, when a kernel is first defined: which test comes first must not matter.
if not any(Path("/dev").glob("nvidia[0-9]*")):
    os.environ["TRITON_INTERPRET"] = "1"

from tests.support.networks import check_shapes  # noqa: E402

check_shapes.install()  # before any module of the workers is imported

from tests.support.launching import launches  # noqa: E402
from tests.support.launching.launches import Place, Program  # noqa: E402


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The copy of the program, and what starts its command lines."""
    with launches.program(tmp_path_factory.mktemp("program")) as made:
        yield made


@pytest.fixture
def place(program: Program, tmp_path: Path) -> Iterator[Place]:
    """A folder to launch in; what was started in it is killed afterwards."""
    yield Place(program, tmp_path)
    program.clean()
