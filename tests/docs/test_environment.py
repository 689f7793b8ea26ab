"""The page of environment variables has every variable that the code reads, sets or mentions, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.checkout import ROOT

PAGE = ROOT / "docs/reference/environment.md"
PACKAGES = ("orchestrator", "workers", "tracking")
OURS = re.compile(r"\b(?:SWEEP|RAY|TUNE|MLFLOW)_[A-Z0-9_]*[A-Z0-9]\b")
SHELL = re.compile(r"\$\{?([A-Z][A-Z0-9_]+)")
OF_THE_SYSTEM = {"PATH", "PWD"}
JOINED = {f"MLFLOW_TRACKING_{what}" for what in ("USERNAME", "PASSWORD")}  # put together in commands/doctor.py


def documented() -> set[str]:
    """The names in the first column of the page's tables."""
    rows = re.findall(r"^\| (`[^|]+`) \|", PAGE.read_text(), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def in_python(path: Path) -> Iterator[str]:
    """Names that `os.environ` is asked for or given, and names with our prefixes in any text."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("os.environ.", "os.getenv")):
            yield from (a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str))
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            yield from (s.value for s in [node.slice] if isinstance(s, ast.Constant) and isinstance(s.value, str))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from OURS.findall(node.value)


def in_docker(path: Path) -> list[str]:
    """Names that a shell script or a Compose file expands, comments left out."""
    lines = path.read_text().splitlines()
    return SHELL.findall("\n".join(line for line in lines if not line.lstrip().startswith("#")))


def in_code() -> set[str]:
    python = {name for package in PACKAGES for path in (ROOT / package).rglob("*.py") for name in in_python(path)}
    docker = {name for path in (ROOT / "docker").iterdir() for name in in_docker(path)}
    return (python | docker | JOINED) - OF_THE_SYSTEM


def test_every_variable_of_the_code_is_on_the_page() -> None:
    assert in_code() >= {"SWEEP_STORE", "SWEEP_COMMIT_S", "RAY_ADDRESS", "CC", "POSTGRES_PASSWORD"}
    assert in_code() - documented() == set()


def test_the_page_has_no_variable_that_nothing_reads() -> None:
    """What only libraries or tests read must at least stand somewhere in the repository's code."""
    folders = (*PACKAGES, "tests", "docker")
    files = [p for folder in folders for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".yaml", ".env", ".sh")]
    text = "\n".join(path.read_text() for path in files if path != Path(__file__))
    assert {name for name in documented() - JOINED if not re.search(rf"\b{name}\b", text)} == set()
