"""The reference pages that are made from the code are up to date; SWEEP_WRITE_DOCS=1 writes them."""

import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

from orchestrator import cli
from orchestrator.commands.help_groups import RUN
from tests.support.checkout import ROOT
from tracking.common import errors
from tracking.common.errors import SweepError

REFERENCE = ROOT / "docs/reference"
COMMAND_LINE = """# Command line

Generated from the signatures and docstrings in [orchestrator/cli.py](../../orchestrator/cli.py). `sweep COMMAND --help`
prints the same. See also [exit codes](exit-codes.md) and [environment variables](environment.md).

"""


def command_line() -> str:
    """What cyclopts makes of the command line, without its title and its table of contents."""
    made = cli.app.generate_docs(output_format="markdown")
    made = made.replace("(#sweep-install-completion)", "(#sweep---install-completion)")  # as GitHub makes anchors
    lines = [line.rstrip() for line in made[made.index(f"**{RUN.name}**") :].splitlines()]
    return COMMAND_LINE + "\n".join(lines).rstrip() + "\n"


def classes(parent: type[SweepError]) -> Iterator[type[SweepError]]:
    """The tree of exceptions, parents first."""
    for child in sorted(parent.__subclasses__(), key=lambda c: (c.exit_code, c.__name__)):
        yield child
        yield from classes(child)


def exceptions() -> str:
    """Every exception with its parent, its exit code and the first sentence of its docstring."""
    found = [c for c in classes(SweepError) if c.__module__ == errors.__name__]
    rows = [f"| `{c.__name__}` | `{c.__bases__[0].__name__}` | {c.exit_code} | {_sentence(c)} |" for c in found]
    return "\n".join(["| exception | kind of | exit code | raised when |", "|---|---|--:|---|", *rows]) + "\n"


def _sentence(of: type) -> str:
    return " ".join((of.__doc__ or "").split("\n\n")[0].split()).replace("|", "\\|")


def held(path: Path, text: str) -> None:
    """Compares a page with what it should be, or writes it."""
    if os.environ.get("SWEEP_WRITE_DOCS"):
        path.write_text(text)
    assert path.read_text() == text, f"write it anew: SWEEP_WRITE_DOCS=1 pytest {Path(__file__).relative_to(ROOT)}"


def test_the_page_of_the_command_line_is_that_of_the_code() -> None:
    held(REFERENCE / "command-line.md", command_line())


def test_the_page_of_exit_codes_has_every_exception() -> None:
    page = REFERENCE / "exit-codes.md"
    held(page, page.read_text().partition("| exception |")[0] + exceptions())


def test_every_exit_code_is_explained() -> None:
    codes = {c.exit_code for c in classes(SweepError) if c.__module__ == errors.__name__}
    explained = {
        int(code) for code in re.findall(r"^\| (\d+) \|", (REFERENCE / "exit-codes.md").read_text(), re.MULTILINE)
    }
    assert explained == codes | {0, 130}


def sections() -> dict[str, str]:
    """Each command's section of the page, in one line."""
    parts = re.split(r"^## sweep ([a-z]+)$", command_line(), flags=re.MULTILINE)[1:]
    return {name: " ".join(text.split()) for name, text in zip(parts[::2], parts[1::2], strict=True)}


def test_every_command_has_an_example() -> None:
    assert len(sections()) > 20
    assert [name for name, text in sections().items() if f"`sweep {name}" not in text] == []


def test_what_a_command_says_of_its_parameters_is_shown() -> None:
    """A help text of the parameter's type hides that of the docstring."""
    hidden = []
    for name, text in sections().items():
        said = inspect.getdoc(cli.app[name].default_command) or ""
        described = re.split(r"^\w+$", said.partition("----------")[2], flags=re.MULTILINE)
        hidden += [(name, words) for one in described if (words := " ".join(one.split())) not in text]
    assert hidden == []
