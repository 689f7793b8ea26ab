"""Texts for people: numbers of things, here and in all messages of the program."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.checkout import ROOT
from tracking.common.text import count_of

PACKAGES = ("sweeps", "orchestrator", "workers", "tracking")
PLURAL = re.compile(  # what may stand behind a number that is 1
    r" (?:(?:more|other|recorded|missing|new|training|test) )?(?:bundle|cell|claim|comparison|curve|difference|example|"
    r"figure|file|label|line|model|network|node|pair|perturbation|point|row|seed|step|sweep|trial|version)s\b"
)


@pytest.mark.parametrize(
    ("count", "nouns", "said"),
    [
        (0, ("trial",), "0 trials"),
        (1, ("trial",), "1 trial"),
        (2, ("trial",), "2 trials"),
        (12345, ("trial",), "12,345 trials"),
        (1, ("class", "classes"), "1 class"),
        (3, ("class", "classes"), "3 classes"),
        (1, ("trial lacks", "trials lack"), "1 trial lacks"),
    ],
)
def test_one_thing_is_singular(count: int, nouns: tuple[str, ...], said: str) -> None:
    assert count_of(count, *nouns) == said


def plurals(source: str) -> Iterator[str]:
    """Values of f-strings that a plural follows: a constant, or what has a fraction (`:g`), is not 1."""
    for node in ast.walk(ast.parse(source)):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for value, behind in pairwise(parts):
            if isinstance(value, ast.FormattedValue) and isinstance(behind, ast.Constant):
                written, form = ast.unparse(value.value), ast.unparse(value.format_spec) if value.format_spec else ""
                if "g" not in form.strip("f'") and PLURAL.match(str(behind.value)) and not written.isupper():
                    yield f"{{{written}}}{behind.value}"


FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_says_1_trials(path: Path) -> None:
    assert list(plurals(path.read_text())) == [], "use tracking.common.text.count_of"


def test_a_plural_behind_a_number_is_found() -> None:
    found = "f'{n:,} trials'; f'of {len(x)} more lines left'"
    assert list(plurals(found)) == ["{n} trials", "{len(x)} more lines left"]
    assert list(plurals("f'{MOST} bundles'; f'{n} trial'; f'{n} times'; f'{share:g} examples'")) == []
