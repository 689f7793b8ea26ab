"""The README lists every room, and the page on the structure shows the layers that pyproject.toml sets."""

import itertools
import re
import tomllib
from typing import Any

import pytest

from tests.support.checkout import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
ROOMS = [c for c in CONTRACTS if c["type"] == "layers" and "containers" in c]


def test_the_page_on_the_structure_shows_the_layers() -> None:
    page = (ROOT / "docs/internals/structure.md").read_text()
    for number, layers in enumerate(itertools.zip_longest(*(c["layers"] for c in ROOMS), fillvalue=""), 1):
        cells = [", ".join(f"`{room.strip()}`" for room in layer.split("|") if room) for layer in layers]
        assert f"| {number} | {' | '.join(cells)} |" in page


@pytest.mark.parametrize("contract", ROOMS, ids=[c["containers"][0] for c in ROOMS])
def test_the_readme_lists_every_room(contract: dict[str, Any]) -> None:
    """In its tree, below the package that the room is in."""
    (package,) = contract["containers"]
    tree = re.search(rf"^    {package}/ .*\n((?:      .*\n)+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert tree
    names = [room.strip() for layer in contract["layers"] for room in layer.split("|")]
    names = [f"{name}/" if (ROOT / package / name).is_dir() else f"{name}.py" for name in names]
    assert [name for name in names if f" {name} " not in tree[1]] == []
