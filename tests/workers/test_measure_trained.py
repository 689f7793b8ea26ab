"""A measure of kept networks against the same measure taken at the end of their training."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.networks import small_trials
from tracking.common.errors import Damaged, Refused
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers import measure_trained, run_bundle
from workers.bundle import together
from workers.trial import Trial

LATER = ["error", "sharpness", "distance_from_init", "margin"]
NET = {"name": "convnet", "depth": 3, "width": 4, "batch_norm": True}


def trials(measure: list[str], **settings: Any) -> list[Trial]:
    """The first one ends early."""
    early = {"measure": "error", "split": "train", "at_most": 0.97}
    return [
        small_trials.trial(seed, **{"net": NET, **settings}, until=None if seed else early, measure=measure)
        for seed in range(3)
    ]


def trained(root: Path, *parts: list[Trial]) -> tuple[Store, dict[str, str]]:
    store = Store(str(root))
    bundles = [together(part) for part in parts]
    for bundle in bundles:
        list(run_bundle.work(store, bundle, "cpu"))
    return store, {t.id: bundle.id for bundle in bundles for t in bundle.trials}


def test_networks_of_several_bundles_are_measured_as_at_the_end_of_their_training(tmp_path: Path) -> None:
    before, later = trials(["error"]), trials(LATER)
    store, bundles = trained(tmp_path / "a", before[:1], before[1:])
    progress = measure_trained.measured(store, later, bundles, "cpu")
    other, _ = trained(tmp_path / "b", later)
    ledger = Ledger.read(other)
    ended = {id: one.step for id, one in ledger.records.items()}
    assert len(set(ended.values())) > 1, "all of them ended at the same epoch"
    rows = ledger.rows(ledger.records.values()).to_pylist()
    expected = {(r["trial"], r["split"], r["measure"], r["layer"]): r["value"]
                for r in rows if r["step"] == ended[r["trial"]]}  # fmt: skip
    found = {(r.trial, r.split, r.measure, r.layer): r.value for r in progress.rows}
    assert found == pytest.approx(expected, rel=1e-3) and len(found) == len(progress.rows)
    assert {r.trial: r.step for r in progress.rows} == ended
    assert {id: tuple(outcome) for id, outcome in progress.ended.items()} == {
        id: (one.state, one.step, one.reason) for id, one in ledger.records.items()
    }
    assert progress.about.data and progress.about.engine


def test_without_kept_networks_nothing_is_measured(tmp_path: Path) -> None:
    one = trials(["error"], keep_weights=False)
    store, bundles = trained(tmp_path, one)
    with pytest.raises(Refused, match="no trained networks are kept"):
        measure_trained.measured(store, trials(LATER), bundles, "cpu")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    store, bundles = trained(tmp_path, trials(["error"]))
    (file,) = tmp_path.glob("weights/*/*")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(Damaged) as damage:
        measure_trained.measured(store, trials(LATER), bundles, "cpu")
    assert damage.value.name == str(file.relative_to(tmp_path))
