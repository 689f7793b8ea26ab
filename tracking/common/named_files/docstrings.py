"""The first line of a Python file's docstring, read without running the file."""

import ast
from pathlib import Path


def first_line(path: Path) -> str:
    """ "" where there is none, where the file is not Python, and where it lies in a store and not there."""
    try:
        return (ast.get_docstring(ast.parse(path.read_bytes())) or "").partition("\n")[0]
    except (SyntaxError, ValueError, FileNotFoundError):
        return ""
