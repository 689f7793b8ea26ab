"""Files and modules of this repository that a text names, and which of them do not exist."""

import re

from tests.support.checkout import ROOT

TOP = r"(?:orchestrator|workers|tracking|sweeps|tests|docker|benchmarks|docs)"
FILE = re.compile(rf"(?:^|[\s`(])({TOP}/[\w./-]*\w)(?=[\s`,:;)]|[./]*$|\.\s)", re.MULTILINE)
MODULE = re.compile(r"(?:`|python -m )((?:orchestrator|workers|tracking|tests)(?:\.\w+)+)(?:`|\s)")
ANY = re.compile(r"\b[A-Z]{4,}\b")  # a name in capitals, as in workers/nets/NAME.py, stands for any


def not_there(text: str) -> list[str]:
    """What a text names as `folder/file` or `package.module` and what does not exist."""
    files = [name for name in FILE.findall(text) if not ANY.search(name) and not (ROOT / name).exists()]
    return files + [name for name in MODULE.findall(text) if not _is_module(name)]


def _is_module(name: str) -> bool:
    """Whether a dotted name, or all of it but its last part, is a module."""
    paths = [ROOT.joinpath(*parts) for parts in (name.split("."), name.split(".")[:-1])]
    return any(path.is_dir() or path.with_suffix(".py").is_file() for path in paths)
