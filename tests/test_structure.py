"""The shape of the program: no import runs back or in a circle, and files and functions are short enough to read."""

import pytest

from tests.support import structure
from tests.support.stores import counts
from tests.support.stores.counts import Counts

LONGEST_FILE = 320  # lines; what is longer must be listed, with the reason
LONGER: dict[str, str] = {}


@pytest.fixture(scope="module")
def counted() -> Counts:
    return Counts.of(counts.here())


def test_no_import_between_rooms_runs_back_or_in_a_circle() -> None:
    found = structure.structures()
    assert {s.package for s in found} == set(counts.PACKAGES) and all(s.arrows for s in found)
    assert [arrow for s in found for arrow in (*s.back, *s.circles)] == []


def test_arrows_that_run_back_and_circles_are_found() -> None:
    """The scan itself: it must see what it is to find."""
    assert structure.circles({("a", "b"): 1, ("b", "c"): 1, ("c", "a"): 1}) != []
    assert structure.circles({("a", "b"): 1, ("b", "c"): 1, ("a", "c"): 1}) == []


def test_files_are_short(counted: Counts) -> None:
    long = {name: lines for name, lines in counted.files.items() if lines > LONGEST_FILE and name not in LONGER}
    assert long == {}, "split them by idea, or list them here with a reason"
    assert {name for name in LONGER if counted.files.get(name, 0) <= LONGEST_FILE} == set(), "no longer so long"


def test_nine_functions_of_ten_are_short(counted: Counts) -> None:
    assert len(counted.functions) > 500 and counted.p90 <= counts.LONG_FUNCTION


def test_what_is_counted() -> None:
    inner = "def f(x: int) -> int:\n    def g() -> None:\n        pass\n    return x  # type: ignore[no-any-return]\n"
    found = Counts.of({"workers/a.py": inner, "workers/b.cpp": "int main() {\n}\n"})
    assert found.functions == (2, 4) and found.files == {"workers/a.py": 4, "workers/b.cpp": 2}
    assert (found.ignores, found.loose, found.p90) == (1, 0, 4)
    assert Counts.of({"workers/a.py": "x: dict[str, Any] = {}\n"}).loose == 1
