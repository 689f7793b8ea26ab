"""The store: exactly what was committed is read, whatever else lies about or was cut off."""

import io
import math
from pathlib import Path
from typing import Any

import pytest

from tests.support import change_manifest, small_trials
from tracking.common.errors import Damaged, OtherFormat, Refused
from tracking.records import layout
from tracking.records.manifest import TrialEntry
from tracking.records.provenance import DataUsed, Provenance
from tracking.records.rows import Outcome, Row
from tracking.records.store import Store
from tracking.records.writer import Writer
from workers import run_bundle
from workers.bundle import Bundle, together
from workers.runtime import checkpoint

HERE = Provenance(device="here", data=DataUsed("d"))


def row(trial: TrialEntry, step: int, value: float = 0.5) -> Row:
    return Row(trial.id, step, "test", "error", "", value)


def begin(store: Store, bundle: str, *seeds: int) -> tuple[Writer, list[TrialEntry]]:
    made = small_trials.entries(small_trials.trial(seed) for seed in seeds)
    return Writer.begin(store, bundle, "network", made, HERE), made


def steps(store: Store) -> list[tuple[str, int]]:
    table = store.rows(store.recorded().values()).to_pandas()
    return sorted(zip(table["trial"].astype(str), table["step"], strict=True))


def test_rows_come_back_as_they_were_with_nan_and_infinity(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    values = [0.1, math.nan, math.inf, -math.inf, 1e-320]
    writer.add([row(a, i, v) for i, v in enumerate(values)], {})
    writer.commit(4, b"state")
    read = store.rows(store.recorded().values())["value"].to_pylist()
    assert read[:1] + read[2:] == values[:1] + values[2:] and math.isnan(read[1])


def test_what_is_not_committed_does_not_exist(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    writer.add([row(a, 0)], {})
    assert store.recorded() == {}
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
    found = store.recorded()[a.id]
    assert (found.state, found.step, found.reason) == ("finished", 1, "all epochs done")


def test_a_done_bundle_keeps_one_segment_and_no_checkpoint(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    for step in range(5):
        writer.add([row(a, step)], {a.id: Outcome("finished", 4, "")} if step == 4 else {})
        writer.commit(step, None if step == 4 else b"state %d" % step)
    assert len(list(tmp_path.rglob("*.parquet"))) == 1 and not list(tmp_path.rglob("*.bin"))
    assert [step for _, step in steps(store)] == list(range(5))
    assert [step for step, _ in store.recorded()[a.id].clock] == list(range(5))


def test_the_last_two_checkpoints_are_kept(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    for step in range(5):
        writer.add([row(a, step)], {})
        writer.commit(step, b"state %d" % step)
    kept = [store.checked(entry) for entry in store.manifest("b").checkpoints]
    assert kept == [b"state 3", b"state 4"] and len(list(tmp_path.rglob("*.bin"))) == 2


def test_a_trial_in_two_bundles_counts_once_the_ended_one(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    one, (a, b) = begin(store, "one", 0, 1)
    one.add([row(a, s) for s in range(9)] + [row(b, s) for s in range(9)], {})
    one.commit(8, b"state")
    two, (a2,) = begin(store, "two", 0)
    two.add([row(a2, 0), row(a2, 1)], {a.id: Outcome("finished", 1, "")})
    two.commit(1, None)
    assert store.recorded()[a.id].bundle == "two" and store.recorded()[b.id].bundle == "one"
    assert len(steps(store)) == 2 + 9


@pytest.mark.parametrize("cut", [0, 1, 50, -1])
def test_a_cut_manifest_is_named_and_never_taken_for_less(tmp_path: Path, cut: int) -> None:
    store = Store(str(tmp_path))
    writer, (a,) = begin(store, "b", 0)
    writer.add([row(a, 0)], {})
    writer.commit(0, b"state")
    file = tmp_path / "records/b/manifest.json"
    file.write_bytes(file.read_bytes()[:cut])
    assert store.recorded() == {} and "records/b/manifest.json" in store.damaged()[0]


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


def test_work_with_a_damaged_checkpoint_is_done_again_from_the_start(tmp_path: Path) -> None:
    bundle, store = together([small_trials.trial(0), small_trials.trial(1)]), Store(str(tmp_path))
    undisturbed = Store(str(tmp_path / "other"))
    list(run_bundle.work(undisturbed, bundle, "cpu"))
    interrupted = run_bundle.work(store, bundle, "cpu")
    next(interrupted), next(interrupted)
    interrupted.close()
    (checkpoint,) = tmp_path.glob("checkpoints/*/*.bin")
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    list(run_bundle.work(store, bundle, "cpu"))
    assert same_rows(store, undisturbed)


def interrupted(store: Store, bundle: Bundle, times: int) -> None:
    """One commit a time."""
    for _ in range(times):
        running = run_bundle.work(store, bundle, "cpu")
        next(running)
        running.close()


def newest(root: Path, pattern: str) -> Path:
    manifest = Store(str(root)).manifest(next(root.glob("records/*")).name)
    entries = {"*.bin": manifest.checkpoints, "*.parquet": manifest.segments}.get(pattern)
    return root / entries[-1].name if entries else next(root.glob(f"records/*/{pattern}"))


@pytest.mark.parametrize("pattern", ["*.bin", "*.parquet", "manifest.json"])
@pytest.mark.parametrize("how", ["cut", "flipped", "empty", "gone"])
def test_from_whatever_is_damaged_the_work_comes_out_the_same(tmp_path: Path, pattern: str, how: str) -> None:
    """From the commit before where a checkpoint or rows are damaged; from the start where the manifest is."""
    bundle = together([small_trials.trial(s, epochs=6) for s in range(2)])
    store, undisturbed = Store(str(tmp_path / "a")), Store(str(tmp_path / "b"))
    list(run_bundle.work(undisturbed, bundle, "cpu"))
    interrupted(store, bundle, 4)
    file = newest(tmp_path / "a", pattern)
    content = file.read_bytes()
    middle = len(content) // 2
    changed = {"cut": content[:-1], "flipped": content[:middle] + bytes([content[middle] ^ 8]) + content[middle + 1 :]}
    file.unlink() if how == "gone" else file.write_bytes(changed.get(how, b""))
    reports = list(run_bundle.work(store, bundle, "cpu"))
    assert same_rows(store, undisturbed)
    said = "".join(reports[0].damaged)
    if (pattern, how) != ("manifest.json", "gone"):
        assert file.name in said and reports[0].step == (-1 if pattern == "manifest.json" else 2)
        assert how == "gone" or file.with_name(file.name + ".damaged").read_bytes() == changed.get(how, b"")


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


def test_both_checkpoints_damaged_is_the_same_work_from_the_start(tmp_path: Path) -> None:
    bundle = together([small_trials.trial(s, epochs=6) for s in range(2)])
    store, undisturbed = Store(str(tmp_path / "a")), Store(str(tmp_path / "b"))
    list(run_bundle.work(undisturbed, bundle, "cpu"))
    interrupted(store, bundle, 3)
    for file in (tmp_path / "a").rglob("*.bin"):
        file.write_bytes(b"PK")
    reports = list(run_bundle.work(store, bundle, "cpu"))
    assert len(reports[0].damaged) == 2 and reports[0].step == -1
    assert same_rows(store, undisturbed)
    assert len(list((tmp_path / "a").rglob("*.bin.damaged"))) == 2 and not list((tmp_path / "a").rglob("*.bin"))


class Canary:
    """What a stranger may put where a checkpoint is expected."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_checkpoint_that_would_run_code_is_damage_and_does_not_run(tmp_path: Path) -> None:
    import torch

    content = io.BytesIO()
    torch.save({"epoch": Canary(tmp_path / "ran")}, content)
    with pytest.raises(Damaged, match=r"a\.bin"):
        checkpoint.load(content.getvalue(), "a.bin")
    assert not (tmp_path / "ran").exists()


def test_records_of_another_format_are_left_alone(tmp_path: Path) -> None:
    bundle, store = together([small_trials.trial(0)]), Store(str(tmp_path))
    interrupted(store, bundle, 1)
    file = newest(tmp_path, "manifest.json")
    change_manifest.text(file, lambda inner: inner.update(format=99))
    with pytest.raises(OtherFormat, match="format 99"):
        list(run_bundle.work(store, bundle, "cpu"))
    assert file.exists()


def test_other_data_than_it_was_begun_with_stop_a_bundle(tmp_path: Path) -> None:
    bundle, store = together([small_trials.trial(0)]), Store(str(tmp_path))
    interrupted(store, bundle, 1)
    change_manifest.data(newest(tmp_path, "manifest.json"), "another")
    with pytest.raises(Refused, match="another --store"):
        list(run_bundle.work(store, bundle, "cpu"))


def test_work_interrupted_after_every_step_gives_the_same_records(tmp_path: Path) -> None:
    bundle = together(
        [small_trials.trial(s, net={"name": "convnet", "depth": 3, "batch_norm": True}) for s in range(3)]
    )
    store, undisturbed = Store(str(tmp_path / "a")), Store(str(tmp_path / "b"))
    list(run_bundle.work(undisturbed, bundle, "cpu"))
    for _ in range(4):
        running = run_bundle.work(store, bundle, "cpu")
        next(running)
        running.close()
    list(run_bundle.work(store, bundle, "cpu"))
    assert same_rows(store, undisturbed)


def same_rows(one: Store, other: Store) -> bool:
    """Bit for bit, in any order."""
    tables = [s.rows(s.recorded().values()).to_pandas().astype({c: str for c in ("trial", "split", "measure", "layer")})
              for s in (one, other)]  # fmt: skip
    keys = ["trial", "step", "split", "measure", "layer"]
    a, b = (t.sort_values(keys, ignore_index=True) for t in tables)
    assert not a.duplicated(keys).any()
    return bool(a.equals(b))


def test_a_failed_trial_keeps_its_error_and_what_was_measured(tmp_path: Path) -> None:
    bundle, store = together([small_trials.trial(0)]), Store(str(tmp_path))
    running = run_bundle.work(store, bundle, "cpu")
    next(running)
    running.close()
    run_bundle.give_up(store, bundle, "cpu", "RuntimeError: it broke")
    (found,) = store.recorded().values()
    assert found.state == "failed" and found.reason == "RuntimeError: it broke"
    assert {step for _, step in steps(store)} == {0}


def test_names_that_lead_out_of_the_store_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"):
        Store(str(tmp_path)).files.path("../elsewhere")


def test_a_clock_that_goes_back_makes_no_later_step_earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([10_000, 20_000, 5_000, 30_000])
    monkeypatch.setattr("tracking.records.writer.now_ms", lambda: next(times))
    store = Store(str(tmp_path))
    writer, _ = begin(store, "a", 0)
    for step in range(3):
        writer.commit(step, b"state")
    assert store.manifest("a").clock == ((0, 20_000), (1, 20_000), (2, 30_000))
