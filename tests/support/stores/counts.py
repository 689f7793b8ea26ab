"""Counts how large and how typed the program is, at one or more commits side by side: `make structure`, or

    python -m tests.support.stores.counts ceb3c8f HEAD

A commit is any name that git knows; without one, the files as they lie here are counted. Lengths of functions are those
of Python, with their docstrings; lengths of files are those of Python and C++.
"""

import ast
import io
import re
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.checkout import ROOT

PACKAGES = ("orchestrator", "workers", "tracking")
SUFFIXES = (".py", ".cpp", ".hpp")
LONG_FILE, LONG_FUNCTION = 300, 35  # lines
IGNORE = re.compile(r"#\s*type:\s*ignore")
LOOSE = re.compile(r"\bdict\[str, Any\]", re.IGNORECASE)


@dataclass(frozen=True)
class Counts:
    """Of some files: their lengths by name, those of their functions in order, and how often types are left open."""

    files: Mapping[str, int]
    functions: tuple[int, ...]
    ignores: int
    loose: int

    @classmethod
    def of(cls, sources: Mapping[str, str]) -> "Counts":
        """Counts the text of these files."""
        python = [text for name, text in sources.items() if name.endswith(".py")]
        return cls(
            {name: text.count("\n") for name, text in sources.items()},
            tuple(sorted(length for text in python for length in function_lengths(text))),
            sum(len(IGNORE.findall(text)) for text in python),
            sum(len(LOOSE.findall(text)) for text in python),
        )

    @property
    def p90(self) -> int:
        """The length that nine functions of ten do not exceed; 0 without functions."""
        return self.functions[(9 * len(self.functions) - 1) // 10] if self.functions else 0

    def rows(self) -> dict[str, int]:
        """What the table shows."""
        return {
            "files": len(self.files),
            "lines": sum(self.files.values()),
            f"files over {LONG_FILE} lines": sum(n > LONG_FILE for n in self.files.values()),
            "functions": len(self.functions),
            f"functions over {LONG_FUNCTION} lines": sum(n > LONG_FUNCTION for n in self.functions),
            "lines of a function, 90th percentile": self.p90,
            "`type: ignore`": self.ignores,
            "`dict[str, Any]`": self.loose,
        }


def function_lengths(text: str) -> list[int]:
    """Lines of every function and method of a Python file, inner ones included."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(n.end_lineno or n.lineno) - n.lineno + 1 for n in ast.walk(ast.parse(text)) if isinstance(n, functions)]


def of_program(name: str) -> bool:
    return name.endswith(SUFFIXES) and name.startswith(tuple(f"{package}/" for package in PACKAGES))


def here(root: Path = ROOT) -> dict[str, str]:
    """The program's files as they lie here."""
    found = (p for package in PACKAGES for p in (root / package).rglob("*"))
    return {str(p.relative_to(root)): p.read_text() for p in sorted(found) if p.suffix in SUFFIXES}


def at(commit: str, root: Path = ROOT) -> dict[str, str]:
    """The program's files as of a commit. Raises CalledProcessError for an unknown one; git says so on stderr."""
    packed = subprocess.run(["git", "archive", commit], cwd=root, stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        members = [m for m in archive.getmembers() if m.isfile() and of_program(m.name)]
        return {m.name: archive.extractfile(m).read().decode() for m in members}  # type: ignore[union-attr]


def table(counted: Mapping[str, Counts]) -> str:
    """A table in Markdown with a column for each commit."""
    rows = {name: counts.rows() for name, counts in counted.items()}
    lines = [f"| | {' | '.join(rows)} |", f"|---{'|---:' * len(rows)}|"]
    names = next(iter(rows.values()))
    return "\n".join(lines + [f"| {name} | {' | '.join(str(row[name]) for row in rows.values())} |" for name in names])


def main(commits: list[str]) -> None:
    counted = {commit: Counts.of(at(commit)) for commit in commits} or {"now": Counts.of(here())}
    print(table(counted))


if __name__ == "__main__":
    main(sys.argv[1:])
