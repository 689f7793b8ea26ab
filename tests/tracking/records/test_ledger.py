"""A ledger reads a store once, chooses one record of each trial, and traces every row to what computed it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.networks import small_trials
from tests.support.stores import change_manifest
from tests.support.stores.count_requests import counted
from tracking.common.errors import Damaged, OtherFormat
from tracking.records import layout
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialEntry
from tracking.records.provenance import DataUsed, Provenance
from tracking.records.rows import Outcome, Row
from tracking.records.store import Store
from tracking.records.writer import Writer

HERE = Provenance(device="here", data=DataUsed("d"))
ELSEWHERE = replace(HERE, device="elsewhere")


def row(trial: TrialEntry, step: int) -> Row:
    return Row(trial.id, step, "test", "error", "", step / 4)


def begin(store: Store, bundle: str, *seeds: int) -> tuple[Writer, list[TrialEntry]]:
    entries = small_trials.entries(small_trials.trial(seed) for seed in seeds)
    return Writer.begin(store, bundle, "network", entries, HERE), entries


def commit(writer: Writer, step: int, *ended: TrialEntry) -> None:
    """One row of each trial that goes on; these end."""
    going_on = [trial for trial in writer.manifest.trials if not trial.ended]
    writer.add([row(trial, step) for trial in going_on], {t.id: Outcome("finished", step, "done") for t in ended})
    writer.commit(step, b"state")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Three bundles: one done, one begun, and one that holds a trial of the first, less far."""
    store = Store(str(tmp_path))
    for bundle, seeds in (("done", (0, 1)), ("begun", (2, 3)), ("again", (1,))):
        writer, entries = begin(store, bundle, *seeds)
        commit(writer, 0)
        commit(writer, 1, *(entries if bundle == "done" else ()))
    return store


def test_a_read_is_three_listings_and_each_manifest_once(store: Store) -> None:
    with counted() as requests:
        ledger = Ledger.read(store)
        assert ledger.records.keys() == ledger.trials and len(ledger.trials) == 4
        assert ledger.damaged == ()
    assert requests.made.total() == 3 + 3 and requests.full_reads() == 1


def test_what_has_not_changed_is_not_read_again(store: Store) -> None:
    ledger = Ledger.read(store)
    writer = Writer(store, ledger.manifests["begun"], HERE)
    commit(writer, 2)
    with counted() as requests:
        later = Ledger.read(store, ledger)
    assert requests.count("read") == 1 and requests.made["read", layout.manifest("begun")] == 1
    assert later.manifests == Ledger.read(store).manifests != ledger.manifests


def test_rows_are_read_by_the_manifests_of_the_ledger_each_file_once(store: Store) -> None:
    ledger = Ledger.read(store)
    records = ledger.records.values()
    with counted() as requests:
        assert ledger.unsound(records) == {}
        assert len(ledger.rows(records)) == 8
        assert len(ledger.bundle_rows("done", [next(iter(records)).id])) == 2
    assert requests.count("read", layout.RECORDS) == 3 == requests.made.total()  # one of "done", two of "begun"


def test_segments_that_were_merged_since_are_found_by_the_present_manifest(store: Store) -> None:
    ledger = Ledger.read(store)
    records = [r for r in ledger.records.values() if r.bundle == "begun"]
    writer = Writer(store, ledger.manifests["begun"], HERE)
    commit(writer, 2, *writer.manifest.trials)
    assert sorted(ledger.rows(records)["step"].to_pylist()) == [0, 0, 1, 1, 2, 2]
    assert ledger.unsound(records) == {}


def test_a_trial_in_two_bundles_counts_once_the_ended_one(store: Store) -> None:
    ledger = Ledger.read(store)
    shared = small_trials.trial(1).id
    assert ledger.of([shared])[shared].bundle == "done" and "unknown" not in ledger.of(["unknown", shared])


def test_damage_is_named_and_the_rest_is_read(store: Store) -> None:
    root = Path(store.root)
    (root / layout.manifest("begun")).write_text("{}")
    change_manifest.text(root / layout.manifest("again"), lambda inner: inner.update(format=99))
    ledger = Ledger.read(store)
    assert ledger.manifests.keys() == {"done"}
    assert {error.name for error in ledger.damaged} == {layout.manifest("begun"), layout.manifest("again")}
    (other,) = ledger.other_formats
    assert isinstance(other, OtherFormat) and "format 99" in str(other)


def test_rows_that_cannot_be_read_make_their_bundle_unsound(store: Store) -> None:
    (file,) = Path(store.root).glob("records/done/*.parquet")
    file.write_bytes(file.read_bytes()[:-1])
    ledger = Ledger.read(store)
    found = ledger.unsound(ledger.records.values())
    assert found.keys() == {"done"} and found["done"].name.endswith(file.name)
    with pytest.raises(Damaged, match=file.name):
        ledger.rows(ledger.records.values())


def test_what_no_manifest_names_is_a_stray_where_its_bundle_is_done(store: Store) -> None:
    for bundle in ("done", "begun"):
        store.files.write(layout.segment(bundle, "killed", 0), b"rows")
        store.files.write(layout.checkpoint(bundle, "killed", 0), b"state")
    ledger = Ledger.read(store)
    expected = {layout.segment("done", "killed", 0), layout.checkpoint("done", "killed", 0)}
    assert set(ledger.strays(ledger.records.values())) == expected | below(store, layout.checkpoints("again"))


def test_a_checkpoint_that_nobody_continues_is_a_stray(store: Store) -> None:
    """The only trial of "again" has ended in "done". A bundle of two trials of which one has ended goes on."""
    ledger = Ledger.read(store)
    assert set(ledger.strays(ledger.records.values())) == below(store, layout.checkpoints("again"))
    kept = below(store, layout.checkpoints("begun"))
    for seed in (2, 3):
        ledger = Ledger.read(store)
        assert not kept & set(ledger.strays(ledger.records.values()))
        writer, entries = begin(store, f"alone{seed}", seed)
        commit(writer, 1, *entries)
    ledger = Ledger.read(store)
    assert kept and kept < set(ledger.strays(ledger.records.values()))


def below(store: Store, folder: str) -> set[str]:
    return {info.name for info in store.files.listing(folder)}


def computed(store: Store, trial: TrialEntry) -> list[tuple[str, int, int, int]]:
    ledger = Ledger.read(store)
    (record,) = ledger.of([trial.id]).values()
    return [(part.provenance.device, part.rows, part.first, part.last) for part in ledger.computed(record)]


@pytest.mark.parametrize("merged", [False, True])
def test_rows_are_traced_to_what_computed_them_also_when_they_are_merged(tmp_path: Path, merged: bool) -> None:
    store = Store(str(tmp_path))
    writer, (one, other) = begin(store, "b", 0, 1)
    commit(writer, 0)
    commit(writer, 1, one)
    reopened = Writer(store, store.manifest("b"), ELSEWHERE)
    commit(reopened, 2)
    commit(reopened, 3, *([other] if merged else []))
    assert len(store.manifest("b").segments) == (1 if merged else 4)
    assert computed(store, one) == [("here", 2, 0, 1)]
    assert computed(store, other) == [("here", 2, 0, 1), ("elsewhere", 2, 2, 3)]
    records = Ledger.read(store).of([one.id, other.id])
    assert [p.device for p in records[one.id].provenances] == ["here"]
    assert [p.device for p in records[other.id].provenances] == ["here", "elsewhere"]


def test_commits_that_were_taken_back_are_traced_to_nothing(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    writer, (one,) = begin(store, "b", 0)
    commit(writer, 0)
    writer.provenance = ELSEWHERE
    commit(writer, 1)
    manifest = store.manifest("b")
    third = replace(HERE, device="third")
    writer = Writer(store, manifest.back_at(manifest.checkpoints[0]), third)
    commit(writer, 1)
    commit(writer, 2, one)
    assert computed(store, one) == [("here", 1, 0, 0), ("third", 2, 1, 2)]
    manifest = store.manifest("b")
    assert manifest.provenances == (HERE, third) and manifest.computed_by == (0, None, 1, 1)
