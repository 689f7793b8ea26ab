"""A bundle that is damaged, interrupted or given up: the records come out as if nothing had happened.

Every row and outcome of it is traced to the device that computed it.
"""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.networks import small_trials
from tests.support.stores import change_manifest
from tracking.common.errors import Damaged, OtherFormat, Refused
from tracking.records import layout
from tracking.records.files.storage import sha256
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord
from tracking.records.rows import Outcome, Row
from tracking.records.store import Store
from tracking.records.writer import Writer
from workers import run_bundle
from workers.bundle import Bundle, together
from workers.runtime import checkpoint, provenance


def recorded(store: Store) -> list[TrialRecord]:
    ledger = Ledger.read(store)
    return list(ledger.of(sorted(ledger.trials)).values())


def rows(store: Store) -> pd.DataFrame:
    return Ledger.read(store).rows(recorded(store)).to_pandas()


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


def test_pytorch_that_is_imported_later_computes_on_one_thread_and_the_environment_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    ask = [sys.executable, "-c", "import torch; print(torch.get_num_threads())"]
    with run_bundle.one_thread():
        assert subprocess.run(ask, capture_output=True, text=True, check=True).stdout == "1\n"
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert "MKL_NUM_THREADS" not in os.environ


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


OTHER_FORMS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a key is missing": lambda state: state.pop("rates"),
    "a key too many": lambda state: state.update(more=1),
    "a tensor is missing": lambda state: state["engine"]["parameters"].popitem(),
    "another shape": lambda state: state["engine"]["parameters"].update({k: v[:0] for k, v in parameters(state)}),
    "no tensor": lambda state: state["engine"]["parameters"].update({k: 1.0 for k, _ in parameters(state)}),
    "fewer models": lambda state: state["active"].pop(),
    "no number": lambda state: state["perturbing"].update(count=["", ""]),
    "no such epoch": lambda state: state.update(epoch=10**9),
    "no state": lambda state: state.clear(),
}


def parameters(state: dict[str, Any]) -> list[tuple[str, Any]]:
    return list(state["engine"]["parameters"].items())


@pytest.mark.parametrize("how", OTHER_FORMS)
def test_a_checkpoint_of_another_form_with_the_right_checksum_is_set_aside(tmp_path: Path, how: str) -> None:
    bundle = together([small_trials.trial(s, epochs=6) for s in range(2)])
    store, undisturbed = Store(str(tmp_path / "a")), Store(str(tmp_path / "b"))
    list(run_bundle.work(undisturbed, bundle, "cpu"))
    interrupted(store, bundle, 4)
    file = newest(tmp_path / "a", "*.bin")
    state = checkpoint.load(file.read_bytes())
    OTHER_FORMS[how](state)
    content = checkpoint.dump(state)
    file.write_bytes(content)
    manifest = tmp_path / "a" / layout.manifest(bundle.id)
    change_manifest.text(manifest, lambda m: m["checkpoints"][-1].update(sha256=sha256(content), bytes=len(content)))
    reports = list(run_bundle.work(store, bundle, "cpu"))
    (said,) = reports[0].damaged
    assert file.name in said and "holds" in said and file.with_name(f"{file.name}.damaged").exists()
    assert same_rows(store, undisturbed)


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
    words = {c: str for c in ("trial", "split", "measure", "layer")}
    tables = [rows(s).astype(words) for s in (one, other)]
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
    (found,) = recorded(store)
    assert found.state == "failed" and found.reason == "RuntimeError: it broke"
    assert set(rows(store)["step"]) == {0}


def moved(store: Store, bundle: Bundle, device: str) -> None:
    """What is recorded of a bundle was computed on another device."""
    file = Path(store.root) / layout.manifest(bundle.id)
    change_manifest.text(file, lambda inner: inner["provenances"][0].update(device=device, host="elsewhere"))


def computed(store: Store, trial: str) -> list[tuple[str, int, int]]:
    """The device, first and last step of each part of a trial's rows."""
    ledger = Ledger.read(store)
    parts = ledger.computed(ledger.of([trial])[trial])
    return [(part.provenance.device, part.first, part.last) for part in parts]


def test_a_finished_trial_keeps_its_provenance_when_a_neighbour_is_given_up_elsewhere(tmp_path: Path) -> None:
    bundle, store = together([small_trials.trial(s) for s in range(2)]), Store(str(tmp_path))
    finished, unfinished = (trial.id for trial in bundle.trials)
    there = replace(provenance.of("cpu"), device="NVIDIA H100", host="node7", engine="batched")
    writer = Writer.begin(store, bundle.id, "network", small_trials.entries(bundle.trials), there)
    writer.add([Row(id, 0, "test", "error", "", 0.5) for id in (finished, unfinished)], {})
    writer.add([], {finished: Outcome("finished", 0, "all epochs done")})
    writer.commit(0, checkpoint.dump({"epoch": 0}))
    run_bundle.give_up(store, bundle, "cpu", "RuntimeError: it broke")
    records = Ledger.read(store).of([finished, unfinished])
    assert records[finished].provenances == (there,) and records[finished].state == "finished"
    assert records[unfinished].provenances == (there, provenance.of("cpu")) and records[unfinished].state == "failed"
    assert computed(store, unfinished) == [("NVIDIA H100", 0, 0)]


def test_each_row_of_a_bundle_that_moved_in_mid_training_is_traced_to_its_device(tmp_path: Path) -> None:
    bundle = together([small_trials.trial(s, epochs=4) for s in range(2)])
    store, undisturbed = Store(str(tmp_path / "a")), Store(str(tmp_path / "b"))
    list(run_bundle.work(undisturbed, bundle, "cpu"))
    interrupted(store, bundle, 2)
    moved(store, bundle, "NVIDIA H100")
    list(run_bundle.work(store, bundle, "cpu"))
    assert same_rows(store, undisturbed)
    here = provenance.hardware("cpu")
    for record in recorded(store):
        assert computed(store, record.id) == [("NVIDIA H100", 0, 1), (here, 2, 4)]
        assert [p.device for p in record.provenances] == ["NVIDIA H100", here]
        assert {p.data for p in record.provenances} == {record.data} and record.data is not None
    for record in recorded(undisturbed):
        assert computed(undisturbed, record.id) == [(here, 0, 4)]


def test_work_that_begins_again_forgets_the_device_of_what_is_damaged(tmp_path: Path) -> None:
    bundle, store = together([small_trials.trial(0, epochs=3)]), Store(str(tmp_path))
    interrupted(store, bundle, 1)
    moved(store, bundle, "NVIDIA H100")
    newest(tmp_path, "*.bin").write_bytes(b"")
    list(run_bundle.work(store, bundle, "cpu"))
    (record,) = recorded(store)
    assert [p.device for p in record.provenances] == [provenance.hardware("cpu")]
    assert computed(store, record.id) == [(provenance.hardware("cpu"), 0, 3)]
