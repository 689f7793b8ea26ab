"""A costly measure of which only the end is looked at is taken once, when a training ends, and recorded once."""

from pathlib import Path

import pandas as pd
import pytest

from orchestrator.commands.trial.reproduce import reproduce
from orchestrator.planning.lacking import sentences
from tests.support.stores.measured_sweeps import begun, counted, plan, sweep, trained, twice
from tracking.records.ledger import Ledger
from tracking.records.store import Store

SWEEP = """\
title: A costly measure
experiment: network
fixed:
  data: {name: digits, train_size: 60, test_size: 40}
  net: {name: convnet, depth: 2, width: 2}
  optimizer: {name: sgd, batch_size: 20, learning_rate: 0.2}
  epochs: 6
  evaluate_every: [1, 2, 4]
  until: {measure: error, split: train, at_most: 0.75}
vary:
  seed: {count: 8}
measure: [error, norm, trace]
claims:
  - {name: bounded, y: trace, split: train, low: -1000, high: 1000}
"""
ALONG_STEPS = "curves:\n  - {name: trace, x: step, y: trace, split: train}\n"


@pytest.fixture(scope="module")
def along(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The rows where a curve looks at every step of the costly measure."""
    folder = tmp_path_factory.mktemp("along")
    store = Store(str(folder / "runs"))
    trained(sweep(folder, SWEEP + ALONG_STEPS), store)
    return counted(store)


def at_the_end(rows: pd.DataFrame) -> pd.DataFrame:
    """Without the costly measure before the last step of each trial."""
    last = rows.groupby("trial")["step"].transform("max")
    return rows[(rows["measure"] != "trace") | (rows["step"] == last)].reset_index(drop=True)


def test_each_model_is_measured_where_it_ends(along: pd.DataFrame, tmp_path: Path) -> None:
    found, store = sweep(tmp_path, SWEEP), Store(str(tmp_path / "runs"))
    assert plan(found, store).once == ("trace",)
    assert plan(sweep(tmp_path, SWEEP + ALONG_STEPS), store).once == ()
    trained(found, store)
    rows = counted(store)
    ends = rows[rows["measure"] == "trace"]
    assert ends["trial"].is_unique and len(ends) == 8
    steps = [{t.step for t in manifest.trials} for manifest in Ledger.read(store).manifests.values()]
    assert any(len(of_bundle) > 1 for of_bundle in steps), "the models of every bundle ended at one epoch"
    pd.testing.assert_frame_equal(rows, at_the_end(along), check_exact=True)
    assert not plan(found, store).work and not twice(store)
    ledger = Ledger.read(store)
    compared = reproduce(ledger, next(iter(ledger.records.values())), whole=False)
    assert {one.measure: (one.rows, one.finding) for one in compared.measures}["trace"] in (
        (1, "identical"),
        (1, "agrees"),
    )


@pytest.mark.parametrize("steps", [2, 3])
def test_an_interrupted_training_measures_it_once(steps: int, along: pd.DataFrame, tmp_path: Path) -> None:
    """Before the first of its models has ended, and after."""
    found, store = sweep(tmp_path, SWEEP), Store(str(tmp_path / "runs"))
    begun(found, store, steps)
    trained(found, store)
    assert not plan(found, store).work and not twice(store)
    pd.testing.assert_frame_equal(counted(store), at_the_end(along), check_exact=True)


def test_a_curve_over_steps_that_is_added_later_gets_all_of_them(along: pd.DataFrame, tmp_path: Path) -> None:
    """Also where it was added while the training was interrupted: that one ends as it was begun."""
    found, longer = sweep(tmp_path, SWEEP), sweep(tmp_path, SWEEP + ALONG_STEPS)
    store = Store(str(tmp_path / "runs"))
    begun(found, store, 1)
    trained(longer, store)
    pd.testing.assert_frame_equal(counted(store), at_the_end(along), check_exact=True)
    assert not plan(found, store).work
    lacks = plan(longer, store)
    assert sentences(lacks.lacks, lacks.why_lacking) == [
        "8 recorded trials lack measure trace (it was measured at fewer steps): 8 are trained again for it"
    ]
    trained(longer, store)
    assert not plan(longer, store).work and not plan(found, store).work
    pd.testing.assert_frame_equal(counted(store), along, check_exact=True)


def test_without_kept_networks_an_addition_is_measured_once_as_well(along: pd.DataFrame, tmp_path: Path) -> None:
    forget = SWEEP.replace("  epochs", "  keep_weights: false\n  epochs")
    store = Store(str(tmp_path / "runs"))
    trained(sweep(tmp_path, forget.replace(", trace]", "]").partition("claims")[0]), store)
    found = sweep(tmp_path, forget)
    lacks = plan(found, store)
    assert len(lacks.to_measure) == 8 and not lacks.from_weights
    trained(found, store)
    assert not plan(found, store).work and not twice(store)
    pd.testing.assert_frame_equal(counted(store), at_the_end(along), check_exact=True)
