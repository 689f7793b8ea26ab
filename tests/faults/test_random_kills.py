"""A short soak (tests/support/soak): a sweep killed at random instants records what an undisturbed one does."""

from pathlib import Path

import pytest

from tests.support.launching.launches import Program
from tests.support.soak import run
from tests.support.soak.tally import Tally
from tests.support.stores import compare_records
from tracking.records.manifests.manifest import TrialEntry
from tracking.records.provenance import Provenance
from tracking.records.rows import Outcome, Row
from tracking.records.store import Store
from tracking.records.writer import Writer

ROWS = [Row("t", step, "test", "error", "", 1 / (step + 3)) for step in range(4)]
ENDED = {"t": Outcome("finished", 3, "epochs done")}


@pytest.mark.slow
def test_a_sweep_killed_at_random_instants_records_what_an_undisturbed_one_does(
    program: Program, tmp_path: Path
) -> None:
    tally = run.soak(program, tmp_path, kills=4, seed=0, ray=0.0)
    assert tally.sound, str(tally)
    assert tally.rows > 0 and tally.killed >= 4 and tally.growth > 0


def recorded(root: Path, rows: list[Row]) -> Path:
    """A store, whole by its checksums, that holds these rows."""
    writer = Writer.begin(Store(str(root)), "b", "misbehaving", [TrialEntry("t", "c", {"seed": 0})], Provenance())
    writer.add(rows, ENDED)
    writer.commit(3, None)
    return root


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (ROWS, (0, 0, 0)),
        (ROWS[:2] + ROWS[3:], (1, 0, 0)),
        ([*ROWS, ROWS[2]], (0, 1, 0)),
        ([*ROWS[:3], ROWS[3]._replace(value=ROWS[3].value * (1 + 2**-52))], (0, 0, 1)),
        ([], (4, 0, 0)),
    ],
    ids=["the same", "lost", "twice", "the last bit", "nothing"],
)
def test_the_comparison_sees_a_row_that_is_lost_twice_or_different(
    tmp_path: Path, rows: list[Row], found: tuple[int, int, int]
) -> None:
    mine, undisturbed = recorded(tmp_path / "mine", rows), recorded(tmp_path / "undisturbed", ROWS)
    difference = compare_records.compare(mine, undisturbed)
    assert (difference.lost, difference.duplicated, difference.different) == found
    assert bool(difference) == (sum(found) > 0) == (compare_records.dump(mine) != compare_records.dump(undisturbed))
    tally = Tally(lost=difference.lost, duplicated=difference.duplicated, different=difference.different)
    assert tally.sound == (sum(found) == 0)
