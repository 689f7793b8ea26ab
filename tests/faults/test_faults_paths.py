"""Launches into stores whose paths have characters that mean something elsewhere: all of it lies in the store."""

from pathlib import Path

import pytest

from tests.support.launching.launches import Place, sweep
from tests.support.stores import compare_records

SHORT = sweep("misbehaving", {"steps": 2}, {"seed": {"count": 2}})


@pytest.mark.parametrize("name", ["a?b%41#c d", "名前\n100%", "x" * 200])
def test_nothing_is_written_beside_a_store_whatever_it_is_called(place: Place, name: str) -> None:
    (place.folder / "faults.yaml").write_text(SHORT)
    database = place.program.with_database(place.folder, name)
    before = beside(place.folder)
    for command in (("launch", "faults.yaml", "--local"), ("sync", "faults.yaml"), ("status", "faults.yaml")):
        done = place.program.run(place.folder, *command, "--store", name)
        assert done.code == 0 and "Traceback" not in done.err and "behind" not in done.err, done.err
    assert beside(place.folder) == before
    assert len(compare_records.mirrored(database)) == 1 + 2, "the sweep and its trials"


def beside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
