"""The program under test as real processes, started once for all tests that provoke faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("faults", "checker", "soak")  # before their import

import faults  # noqa: E402
from faults import Place, Program  # noqa: E402


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The copy of the program, and what starts its command lines."""
    with faults.program(tmp_path_factory.mktemp("program")) as made:
        yield made


@pytest.fixture
def place(program: Program, tmp_path: Path) -> Iterator[Place]:
    """A folder to launch in; what was started in it is killed afterwards."""
    yield Place(program, tmp_path)
    program.clean()
