"""The store: exactly what was committed is read, whatever else lies about or was cut off."""

import math
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from tests.support.launching.begun_bundles import HERE, begin, row
from tests.support.networks import small_trials
from tracking.common.errors import Damaged
from tracking.records import layout
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.rows import Outcome
from tracking.records.store import Store
from tracking.records.writer import Writer


def recorded(store: Store) -> dict[str, TrialRecord]:
    return Ledger.read(store).records


def rows(store: Store) -> pa.Table:
    return Ledger.read(store).rows(recorded(store).values())


def steps(store: Store) -> list[tuple[str, int]]:
    table = rows(store).to_pandas()
    return sorted(zip(table["trial"].astype(str), table["step"], strict=True))


def test_rows_come_back_as_they_were_with_nan_and_infinity(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    values = [0.1, math.nan, math.inf, -math.inf, 1e-320]
    writer.add([row(a, i, v) for i, v in enumerate(values)], {})
    writer.commit(4, b"state")
    read = rows(store)["value"].to_pylist()
    assert read[:1] + read[2:] == values[:1] + values[2:] and math.isnan(read[1])


def test_what_is_not_committed_does_not_exist(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    writer.add([row(a, 0)], {})
    assert recorded(store) == {}
    writer.commit(0, b"state")
    writer.add([row(a, 1)], {})
    assert steps(store) == [(a.id, 0)]


def test_a_second_attempt_goes_on_from_the_commit_and_repeats_nothing(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    writer.add([row(a, 0)], {})
    writer.commit(0, b"state")
    store.files.write(layout.segment("b", "killed", 1), b"rows whose manifest never came")
    second = Writer(store, store.manifest("b"), HERE)
    second.add([row(a, 1)], {a.id: Outcome("finished", 1, "all epochs done")})
    second.commit(1, None)
    assert steps(store) == [(a.id, 0), (a.id, 1)]
    found = recorded(store)[a.id]
    assert (found.state, found.step, found.reason) == ("finished", 1, "all epochs done")


def test_a_done_bundle_keeps_one_segment_and_no_checkpoint(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    for step in range(5):
        writer.add([row(a, step)], {a.id: Outcome("finished", 4, "")} if step == 4 else {})
        writer.commit(step, None if step == 4 else b"state %d" % step)
    assert len(list(tmp_path.rglob("*.parquet"))) == 1 and not list(tmp_path.rglob("*.bin"))
    assert [step for _, step in steps(store)] == list(range(5))
    assert [step for step, _ in recorded(store)[a.id].clock] == list(range(5))


def test_the_last_two_checkpoints_are_kept(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    for step in range(5):
        writer.add([row(a, step)], {})
        writer.commit(step, b"state %d" % step)
    kept = [store.checked(entry) for entry in store.manifest("b").checkpoints]
    assert kept == [b"state 3", b"state 4"] and len(list(tmp_path.rglob("*.bin"))) == 2


@pytest.mark.parametrize("cut", [0, 1, 50, -1])
def test_a_cut_manifest_is_named_and_never_taken_for_less(tmp_path: Path, cut: int) -> None:
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    writer.add([row(a, 0)], {})
    writer.commit(0, b"state")
    file = tmp_path / "records/b/manifest.json"
    file.write_bytes(file.read_bytes()[:cut])
    ledger = Ledger.read(store)
    assert not ledger.trials and "records/b/manifest.json" in str(ledger.damaged[0])


def test_a_flipped_bit_is_noticed_everywhere(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    writer.add([row(a, 0)], {})
    writer.commit(0, b"a checkpoint of some length")
    for file in [*tmp_path.rglob("*.parquet"), *tmp_path.rglob("*.bin"), tmp_path / "records/b/manifest.json"]:
        whole = file.read_bytes()
        for place in range(0, len(whole), max(len(whole) // 40, 1)):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
            with pytest.raises(Damaged):
                manifest = store.manifest("b")
                for entry in (*manifest.segments, *manifest.checkpoints):
                    store.checked(entry)
        file.write_bytes(whole)


@pytest.mark.parametrize(("ends", "state", "step"), [(0, "finished", 0), (1, "running", 0)])
def test_taken_back_to_a_commit_exactly_what_came_later_is_gone(
    tmp_path: Path, ends: int, state: str, step: int
) -> None:
    store = Store(str(tmp_path))
    writer, (a, b) = begin(store, "b", 0, 1)
    for at in range(2):
        writer.add([row(a, at), row(b, at)], {a.id: Outcome("finished", at, "all epochs done")} if at == ends else {})
        writer.commit(at, b"state %d" % at)
    manifest = store.manifest("b")
    then = manifest.back_at(manifest.checkpoints[0])
    states = {t.id: (t.state, t.step) for t in then.trials}
    assert states == {a.id: (state, step), b.id: ("running", 0)}
    assert [store.segment(s)["step"].to_pylist() for s in then.segments] == [[0, 0]]
    assert len(then.checkpoints) == 1 and then.step == 0
    assert then.clock == manifest.clock, "what is done again keeps the times it had"
    assert manifest.back_at(manifest.checkpoints[1]) == manifest


def test_names_that_lead_out_of_the_store_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"):
        Store(str(tmp_path)).files.path("../elsewhere")


def test_a_clock_that_goes_back_makes_no_later_step_earlier(tmp_path: Path) -> None:
    times = iter([10_000, 20_000, 5_000, 30_000])
    store = Store(str(tmp_path))
    trials = small_trials.entries([small_trials.trial(0)])
    writer = Writer.begin(store, "a", "network", trials, HERE, lambda: next(times))
    for step in range(3):
        writer.commit(step, b"state")
    assert store.manifest("a").clock == ((0, 20_000), (1, 20_000), (2, 30_000))


@pytest.mark.parametrize("what", ["manifest.json", "*.parquet"])
def test_a_file_that_a_network_disk_shows_with_an_old_length_is_read_again(tmp_path: Path, what: str) -> None:
    """Its whole content comes a moment later, as from another machine; without patience it is damage."""
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    writer.add([row(a, 0)], {})
    writer.commit(0, b"state")
    (file,) = (tmp_path / "records/b").glob(what)
    whole = file.read_bytes()
    file.write_bytes(whole[:40])
    store.files.lag_s = 20.0
    later = threading.Timer(0.3, file.write_bytes, [whole])
    later.start()
    assert steps(store) == [(a.id, 0)] and 0 < store.files.lag_s < 20.0
    later.join()
    file.write_bytes(whole[:40])
    store.files.lag_s = 0.0
    with pytest.raises(Damaged):
        store.manifest("b") if what == "manifest.json" else rows(store)
