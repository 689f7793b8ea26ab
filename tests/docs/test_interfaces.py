"""The page on interfaces lists every member of the Protocols of files that are found by name."""

import re

import pytest

from tests.support.checkout import ROOT
from tracking.common.named_files.plugins import Kind
from tracking.common.named_files.protocols import members
from tracking.verdicts.claim import CLAIMS, Claim
from workers import plugins

KINDS = [kind for kind in vars(plugins).values() if isinstance(kind, Kind)]


def listed() -> dict[str, set[str]]:
    """folder -> members, from the table: rows without a folder belong to the folder above them."""
    found: dict[str, set[str]] = {}
    folder = ""
    for line in (ROOT / "docs/internals/interfaces.md").read_text().splitlines():
        if row := re.match(r"\| (?:`([\w/]+)`)? ?\| [^|]*\| ([^|]+) \|", line):
            folder = row[1] or folder
            found.setdefault(folder, set()).update(re.findall(r"`(\w+)", row[2]))
    return found


@pytest.mark.parametrize("kind", KINDS, ids=[kind.what for kind in KINDS])
def test_the_page_has_every_member_of_the_protocol(kind: Kind[object]) -> None:
    assert listed()[kind.folder.replace(".", "/")] == set(members(kind.protocol))


def test_the_page_has_what_a_claim_must_say() -> None:
    assert listed()[CLAIMS.folder.replace(".", "/")] == {"Settings", "problems", *Claim.__abstractmethods__}
