"""Two versions of the code in one sweep are told before more is computed, and below the figures."""

from pathlib import Path

import pytest

from orchestrator.planning.consistency import codes, notes
from orchestrator.results.build import build
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from orchestrator.spec.sweep import Sweep
from tests.support.checkout import ROOT
from tests.support.networks import small_trials
from tracking.records.ledger import Ledger
from tracking.records.provenance import Code, Provenance
from tracking.records.rows import Outcome
from tracking.records.store import Store
from tracking.records.writer import Writer
from workers.runtime import provenance
from workers.trial import SCHEMA_VERSION, Trial

A, B = "a" * 40, "b" * 40
HERE = provenance.code()


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    return read(str(ROOT / "tests/support/recorded_before_rooms/before.yaml"))


def recorded(store: Store, sweep: Sweep, *by: Code) -> Ledger:
    """The first trials of the sweep, each computed by one of these versions."""
    for trial, code in zip(expand(sweep), by, strict=False):
        made = Provenance(code)
        entries = small_trials.entries([trial])
        writer = Writer.begin(store, trial.id, "network", entries, made, schema=SCHEMA_VERSION)
        writer.add([], {trial.id: Outcome("finished", 4, "all epochs done")})
        writer.commit(4, None)
    return Ledger.read(store)


def said_of(trials: list[Trial], ledger: Ledger) -> list[str]:
    return notes(trials, ledger.of(t.id for t in trials), ledger)


@pytest.mark.parametrize(
    ("by", "counts"),
    [
        ((Code(A, files="1" * 16), Code(A, files="1" * 16)), {"a" * 10: 2}),
        ((Code(A, files="1" * 16), Code(B, files="1" * 16)), {"a" * 10: 2}),  # a commit that changed no computation
        ((Code(A), Code(B)), {"a" * 10: 1, "b" * 10: 1}),
        ((Code(A, files="1" * 16), Code(A, True, "d", "2" * 16)), {"a" * 10: 1, f"{'a' * 10} with changes": 1}),
        (
            (Code(A, True, "d", "1" * 16), Code(A, True, "e", "2" * 16)),
            {f"{'a' * 10} with changes ({'1' * 8})": 1, f"{'a' * 10} with changes ({'2' * 8})": 1},
        ),
        ((Code(files="1" * 16), Code(files="2" * 16)), {"files 11111111": 1, "files 22222222": 1}),
    ],
)
def test_versions_are_told_apart_by_their_files(
    by: tuple[Code, ...], counts: dict[str, int], sweep: Sweep, tmp_path: Path
) -> None:
    ledger = recorded(Store(str(tmp_path)), sweep, *by)
    assert codes(ledger.records.values()) == counts
    trials = expand(sweep)
    said = build(sweep, trials, ledger).caption({}).origin()
    assert ("different versions of the code: " in said) == (len(counts) > 1)
    assert all(f"1 by {name}" in said for name in counts if len(counts) > 1)


def test_it_is_said_before_trials_are_added_by_other_code(sweep: Sweep, tmp_path: Path) -> None:
    trials = expand(sweep)
    ledger = recorded(Store(str(tmp_path / "other")), sweep, Code(A, files="1" * 16))
    (said,) = said_of(trials, ledger)
    assert "recorded by other code than runs here" in said and "1 by aaaaaaaaaa; figures of both will say so" in said
    assert said_of(trials[:1], ledger) == [], "nothing is added to one version alone"
    assert said_of(trials, recorded(Store(str(tmp_path / "same")), sweep, HERE)) == []
