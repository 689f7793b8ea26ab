"""The page on the data flow: each function and type is defined in the file that stands beside it."""

import re

import pytest

from tests.support.checkout import ROOT

ROWS = [
    line for line in (ROOT / "docs/internals/data-flow.md").read_text().splitlines() if re.match(r"\| (\d|`)", line)
]


def definitions(row: str) -> tuple[list[str], list[str]]:
    """The names in the first cell that has any, and the files in the last."""
    cells = row.strip("| ").split(" | ")
    named = next(cell for cell in cells if "`" in cell)
    return re.findall(r"`(?:\w+\.)?(\w+)`", named), re.findall(r"`([\w/]+\.py)`", cells[-1])


@pytest.mark.parametrize("row", [row for row in ROWS if all(definitions(row))], ids=lambda row: definitions(row)[0][0])
def test_what_a_row_names_is_defined_where_it_says(row: str) -> None:
    names, files = definitions(row)
    text = "\n".join((ROOT / file).read_text() for file in files)
    assert [name for name in names if not re.search(rf"^ *(def|class) {name}\b", text, re.MULTILINE)] == []


def test_there_are_rows_to_check() -> None:
    assert len([row for row in ROWS if all(definitions(row))]) > 25
