"""A measure that is added to a recorded sweep is recorded beside what is there: nothing is recorded twice."""

from pathlib import Path

import pandas as pd
import pytest

from orchestrator.planning.bundling import operations, pack_missing
from orchestrator.planning.lacking import sentences
from orchestrator.planning.measured_at_end import at_the_end
from orchestrator.spec.expand import expand
from tests.support.launching.launches import Program
from tests.support.stores.measured_sweeps import KEYS, ONE_LANE, begun, counted, plan, sweep, trained, twice
from tracking.records import layout
from tracking.records.ledger import Ledger
from tracking.records.store import Store

SWEEP = """\
title: Measures that are added
experiment: network
fixed:
  data: {name: digits, train_size: 60, test_size: 40}
  net: {name: convnet, depth: 2, width: 2}
  optimizer: {name: sgd, batch_size: 20, learning_rate: 0.05}
  epochs: 4
vary:
  seed: {count: 2}
measure: [error, risk]
"""
MORE = SWEEP.replace("[error, risk]", "[error, risk, margin, norm]")
ALONG_STEPS = "curves:\n  - {name: margin, x: step, y: margin, split: train}\n"
LONG = MORE + ALONG_STEPS + "  - {name: n, x: step, y: norm}\n"
REFERENCE = {"SWEEP_ENGINE": "reference"}


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The rows of a sweep that asks for all measures from the start."""
    folder = tmp_path_factory.mktemp("at_once")
    store = Store(str(folder / "runs"))
    trained(sweep(folder, MORE), store)
    return counted(store)


@pytest.fixture
def recorded(tmp_path: Path) -> Store:
    """A store with the sweep as it was before."""
    store = Store(str(tmp_path / "runs"))
    trained(sweep(tmp_path, SWEEP), store)
    assert not plan(sweep(tmp_path, SWEEP), store).work
    return store


def test_what_lacks_is_recorded_and_what_is_there_is_not(
    recorded: Store, at_once: pd.DataFrame, tmp_path: Path
) -> None:
    found, before = sweep(tmp_path, LONG), counted(recorded)
    lacks = plan(found, recorded)
    assert not lacks.to_run and [t.plain["measure"] for t in lacks.to_measure] == [["margin", "norm"]] * 2
    assert sentences(lacks.lacks, lacks.why_lacking) == [
        "2 recorded trials lack the measures margin, norm: 2 are trained again for it"
    ]
    trained(found, recorded)
    assert not plan(found, recorded).work and not twice(recorded)
    pd.testing.assert_frame_equal(counted(recorded), at_once, check_exact=True)
    after = counted(recorded)
    kept = after[after["measure"].isin(before["measure"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before, check_exact=True)
    assert not plan(sweep(tmp_path, SWEEP), recorded).work, "fewer measures are no reason to record any"


def test_what_is_looked_at_only_at_the_end_is_computed_from_kept_networks(
    recorded: Store, at_once: pd.DataFrame, tmp_path: Path
) -> None:
    found, before = sweep(tmp_path, MORE), counted(recorded)
    lacks = plan(found, recorded)
    assert sentences(lacks.lacks, lacks.why_lacking) == [
        "2 recorded trials lack the measures margin, norm: 2 are computed from kept weights"
    ]
    (kept, *_), (again, *_) = (pack_missing(plan(sweep(tmp_path, text), recorded), ONE_LANE) for text in (MORE, LONG))
    assert kept.trained_in and not again.trained_in and operations(kept) < operations(again) / 2
    trained(found, recorded)
    assert not plan(found, recorded).work and not twice(recorded)
    end = at_once[at_once["measure"].isin(["margin", "norm"]) & (at_once["step"] == 4)]
    expected = pd.concat([before, end]).sort_values(KEYS, ignore_index=True)
    pd.testing.assert_frame_equal(counted(recorded), expected, check_exact=False, rtol=1e-5)
    spent = [record.provenance.spent for record in Ledger.read(recorded).records.values()]
    visits = [m.provenances[0].spent for m in Ledger.read(recorded).manifests.values() if m.observed.every == 0]
    assert all(one and one.visits for one in spent) and visits and not any(one and one.visits for one in visits)
    along = sweep(tmp_path, MORE + ALONG_STEPS)
    lacks = plan(along, recorded)
    assert sentences(lacks.lacks, lacks.why_lacking) == [
        "2 recorded trials lack measure margin (it was measured at fewer steps): 2 are trained again for it"
    ]
    trained(along, recorded)
    assert not plan(along, recorded).work and not plan(found, recorded).work


def test_damaged_networks_are_trained_again(recorded: Store, at_once: pd.DataFrame, tmp_path: Path) -> None:
    for file in (tmp_path / "runs").glob("weights/*/*"):
        file.write_bytes(b"x" * file.stat().st_size)
    found = sweep(tmp_path, MORE)
    trained(found, recorded)
    assert not plan(found, recorded).work
    end = at_once[(at_once["measure"] == "margin") & (at_once["step"] == 4)].reset_index(drop=True)
    now = counted(recorded)
    pd.testing.assert_frame_equal(now[now["measure"] == "margin"].reset_index(drop=True), end, check_exact=True)


def test_an_interrupted_addition_counts_when_it_is_done(recorded: Store, at_once: pd.DataFrame, tmp_path: Path) -> None:
    found, before = sweep(tmp_path, MORE + ALONG_STEPS), counted(recorded)
    for _ in range(3):
        begun(found, recorded, 1)
        pd.testing.assert_frame_equal(counted(recorded), before, check_exact=True)
    trained(found, recorded)
    assert not plan(found, recorded).work and not twice(recorded)
    pd.testing.assert_frame_equal(counted(recorded), at_once, check_exact=True)


@pytest.mark.parametrize(
    ("more", "history"),
    [
        ("", False),
        ("curves:\n  - {name: margin, x: net.width, y: margin, split: train}\n", False),
        (ALONG_STEPS, True),
        ("curves:\n  - {name: margin, x: net.width, y: margin, split: test, at: best}\n", True),
        ("claims:\n  - {name: bounded, y: margin, split: train, high: 9}\n", False),
        (
            "claims:\n  - {name: settles, y: margin, split: train, after: 1, tolerance: 1}\n",
            True,
        ),
    ],
)
def test_only_a_history_that_is_looked_at_is_needed(more: str, history: bool, tmp_path: Path) -> None:
    found = sweep(tmp_path, MORE.replace("width: 2}", "width: [2, 2]}") + more)
    assert ("margin" in at_the_end(found, expand(found))) != history
    assert not {"error", "risk"} & at_the_end(found, expand(found))


@pytest.mark.parametrize(
    ("before", "every", "steps", "lacks"),
    [
        ("2", "1", {0, 1, 2, 3, 4}, True),
        ("2", "2", {0, 2, 4}, False),
        ("2", "4", {0, 2, 4}, False),
        ("2", "3", {0, 2, 3, 4}, True),
        ("2", "[2, 4]", {0, 2, 4}, False),
        ("[1, 3]", "[1, 4]", {0, 1, 3, 4}, False),
        ("[1, 3]", "[1, 2]", {0, 1, 2, 3, 4}, True),
        ("{log_space: [1, 4], count: 2}", "[1]", {0, 1, 4}, False),
    ],
)
def test_steps_between_the_measured_ones_lack_where_they_are_looked_at(
    before: str, every: str, steps: set[int], lacks: bool, tmp_path: Path
) -> None:
    text = SWEEP.replace("  epochs: 4", "  epochs: 4\n  evaluate_every: N")
    text += "curves:\n  - {name: error, x: step, y: error}\n"
    store = Store(str(tmp_path / "runs"))
    trained(sweep(tmp_path, text.replace("N", before)), store)
    asked = sweep(tmp_path, text.replace("N", every))
    found = plan(asked, store)
    assert not found.to_run and bool(found.to_measure) == lacks
    trained(asked, store)
    assert {*counted(store)["step"]} >= steps and not plan(asked, store).work


def test_a_damaged_addition_alone_is_done_again(recorded: Store, at_once: pd.DataFrame, tmp_path: Path) -> None:
    found = sweep(tmp_path, MORE + ALONG_STEPS)
    trained(found, recorded)
    ledger = Ledger.read(recorded)
    (added,) = {other.bundle for record in [*ledger.records.values()][:1] for other in record.beside}
    path = tmp_path / "runs" / layout.manifest(added)
    path.write_bytes(path.read_bytes()[:-9])
    again = plan(found, recorded)
    assert not again.to_run and len(again.to_measure) == 1
    trained(found, recorded)
    assert not plan(found, recorded).work
    pd.testing.assert_frame_equal(counted(recorded), at_once, check_exact=True)


@pytest.mark.parametrize("place", ["commit.rows_synced", "commit.manifest_renamed"])
def test_a_launch_that_is_killed_while_it_adds_records_all_once(
    place: str, program: Program, at_once: pd.DataFrame, tmp_path: Path
) -> None:
    program.with_database(tmp_path)
    sweep(tmp_path, SWEEP)
    launch = ("launch", "added.yaml", "--local", "--json")
    program.run(tmp_path, *launch, **REFERENCE).ends(0)
    sweep(tmp_path, MORE + ALONG_STEPS)
    program.run(tmp_path, *launch, **REFERENCE, SWEEP_FAILPOINTS=f"{place}=kill@2", SWEEP_COMMIT_S="0").ends(-9)
    done = program.run(tmp_path, *launch, **REFERENCE).ends(0).result
    store = Store(str(tmp_path / "runs"))
    assert (done["measured"], done["trials"]["run"], done["trials"]["already_done"]) == (2, 0, 2)
    assert not twice(store)
    pd.testing.assert_frame_equal(counted(store), at_once, check_exact=False, rtol=1e-5, atol=1e-7)
