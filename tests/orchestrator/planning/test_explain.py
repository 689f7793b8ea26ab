"""Which recorded trials differ from missing ones in one thing only."""

from pathlib import Path
from typing import Any

import pytest

from orchestrator.planning.explain import explain
from tests.support.networks import small_trials
from tracking.records.ledger import Ledger
from tracking.records.provenance import Provenance
from tracking.records.rows import Outcome
from tracking.records.store import Store
from tracking.records.writer import Writer
from workers.bundle import together
from workers.trial import SCHEMA_VERSION, Trial

SGD = {"name": "sgd", "batch_size": 32}
SLOW = {"optimizer": {**SGD, "learning_rate": 0.01}}


def recorded(folder: Path, trials: list[Trial], schema: int = SCHEMA_VERSION) -> Ledger:
    """A store in which these trials have finished."""
    store, bundle = Store(str(folder)), together(trials)
    entries = small_trials.entries(trials)
    writer = Writer.begin(store, bundle.id, "network", entries, Provenance(), schema=schema)
    writer.add([], {t.id: Outcome("finished", 3, "all epochs done") for t in trials})
    writer.commit(3, None)
    return Ledger.read(store)


def sweep(seeds: int = 2, **changes: Any) -> list[Trial]:
    return [small_trials.trial(seed, **changes) for seed in range(seeds)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (SLOW, "2 recorded trials differ only in optimizer.learning_rate (0.05 -> 0.01)"),
        ({"epochs": 5}, "2 recorded trials differ only in epochs (3 -> 5)"),
        ({"loss": "square", "measure": ["margin"]}, 'differ only in loss ("cross_entropy" -> "square")'),
        ({"precision": "float64", "evaluate_every": 3}, 'differ only in precision ("float32" -> "float64")'),
    ],
)
def test_the_one_setting_is_named_with_both_values(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    (sentence,) = explain(sweep(**changes), recorded(tmp_path, sweep()))
    assert sentence.endswith(said)


def test_only_trials_of_the_same_seeds_count(tmp_path: Path) -> None:
    (sentence,) = explain(sweep(1, epochs=5), recorded(tmp_path, sweep(2)))
    assert sentence.startswith("1 recorded trial differs only in epochs")


@pytest.mark.parametrize("changes", [{**SLOW, "epochs": 5}, {}])
def test_nothing_is_said_of_trials_that_differ_in_more_or_in_nothing(changes: dict[str, Any], tmp_path: Path) -> None:
    assert explain(sweep(**changes), recorded(tmp_path, sweep())) == []


def test_trials_that_the_sweep_has_itself_explain_nothing(tmp_path: Path) -> None:
    assert explain([*sweep(), *sweep(epochs=5)], recorded(tmp_path, sweep())) == []


def test_records_of_an_older_version_are_told_of_elsewhere(tmp_path: Path) -> None:
    assert explain(sweep(epochs=5), recorded(tmp_path, sweep(), SCHEMA_VERSION - 1)) == []
