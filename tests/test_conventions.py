"""The tests themselves: no private names of other modules, no sleeps, no patched clocks, no test module imported."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkout import ROOT

FILES = sorted((ROOT / "tests").rglob("*.py"))
LONGEST_FILE = 320  # lines
LONGER = {
    "support/bad_sweeps.py": "one table of malformed sweep files",
}
PYTHONS_OWN = {"os._exit", "threading._shutdown", "atexit._run_exitfuncs"}  # there is no public way to these
NAMED_TUPLES = {"_replace", "_asdict", "_fields"}  # public, says the documentation of collections
SLEEPS = {
    "support/launching/waiting.py": "between two looks at a condition",
    "support/launching/misbehaving.py": "the speed of a trial, and one that hangs",
    "support/soak/instants.py": "the instant of a kill is random",
    "faults/test_faults_mlflow.py": "a server that answers late",
    "cluster/test_faults_on_hosts.py": "how long a host is cut off: nothing happens meanwhile that could be awaited",
}
CLOCKS = {"time", "sleep", "monotonic", "perf_counter", "time_ns", "datetime"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT / "tests"))


def private(path: Path, tree: ast.AST) -> Iterator[str]:
    """Private names of other modules; a module's own test may use those of the module."""
    own = path.stem.removeprefix("test_")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (f"import {a.name}" for a in node.names if a.name.startswith("_"))
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            text = ast.unparse(node)
            if text.split(".")[0] not in ("self", "cls", own) and node.attr not in NAMED_TUPLES:
                yield from () if text in PYTHONS_OWN else (text,)


def sleeps(tree: ast.AST) -> Iterator[str]:
    """Calls that let real time pass."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep"):
            yield ast.unparse(node)


def patched_clocks(tree: ast.AST) -> Iterator[str]:
    """Patches of the module `time` or of a function of it, wherever it is reached from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".setattr"):
            target = ".".join(str(a.value) if isinstance(a, ast.Constant) else ast.unparse(a) for a in node.args[:-1])
            if CLOCKS & set(target.split(".")):
                yield target


def libraries(tree: ast.AST) -> Iterator[str]:
    """Imports from test modules: what several tests share is in tests/support."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tests."):
            yield from () if node.module.startswith("tests.support") else (node.module,)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_of_tests_keeps_to_the_conventions(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert list(private(path, tree)) == []
    assert list(patched_clocks(tree)) == [], "inject a clock"
    assert list(libraries(tree)) == []
    assert (list(sleeps(tree)) == []) is (name(path) not in SLEEPS), "await a condition, or list the file with a reason"


def test_files_of_tests_are_short() -> None:
    long = {name(p) for p in FILES if p.read_text().count("\n") > LONGEST_FILE}
    assert long == set(LONGER), "split them by idea, or list them with a reason"


def test_what_is_looked_for_is_found() -> None:
    """The scan itself: it must see what it is to find."""
    bad = ast.parse(
        "from a import _b\nfrom tests.orchestrator.test_x import run\nc.d._e()\ntime.sleep(1)\n"
        "m.setattr('a.b.time.monotonic', f)\nm.setattr(c.time, 'sleep', f)\n"
    )
    assert list(private(Path("test_x.py"), bad)) == ["import _b", "c.d._e"]
    assert list(private(Path("test_c.py"), ast.parse("c._d()"))) == []
    assert (list(sleeps(bad)), list(libraries(bad))) == (["time.sleep(1)"], ["tests.orchestrator.test_x"])
    assert list(patched_clocks(bad)) == ["a.b.time.monotonic", "c.time.sleep"]
