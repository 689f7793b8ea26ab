"""A constant of a Python file, read without running the file: `BOUNDS = (0, None)`."""

import ast
from pathlib import Path

from tracking.common.errors import BadPlugin
from tracking.common.named_files.user_files import current


def constant(path: Path, name: str) -> object:
    """The value that a file gives this name outside of any function; None where it does not. Of a file of a user's own
    what was read with the sweep counts, whatever lies there by now.

    Raises BadPlugin where it is no literal, since only that can be known without running the file. Of a file that is no
    Python, or is gone by now, nothing is known.
    """
    try:
        tree = ast.parse(current().content(path))
    except (SyntaxError, ValueError, FileNotFoundError):
        return None
    for node in reversed(tree.body):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(one, ast.Name) and one.id == name for one in targets):
                return _literal(path, name, node.value)
    return None


def _literal(path: Path, name: str, value: ast.expr) -> object:
    try:
        return ast.literal_eval(value)
    except ValueError:
        said = ast.unparse(value)
        raise BadPlugin(f"{path}:{value.lineno}: {name} must be written out in numbers and texts, got {said}") from None
