"""A launch waits for a disk that shows old records, and says so when it goes on showing them."""

import threading
import time
from pathlib import Path

import pytest

from orchestrator.execution import shared_disk
from orchestrator.execution.observer import Silent
from tests.support import small_trials
from tracking.common.errors import StorageFailed
from tracking.records.ledger import Ledger
from tracking.records.provenance import DataUsed, Provenance
from tracking.records.rows import Outcome, Row
from tracking.records.store import Store
from tracking.records.writer import Writer


def bundle(root: Path) -> tuple[Writer, str]:
    trial = small_trials.trial(0)
    writer = Writer.begin(
        Store(str(root)), "b", "network", small_trials.entries([trial]), Provenance(data=DataUsed("d"))
    )
    writer.add([Row(trial.id, 0, "test", "error", "", 0.5)], {})
    writer.commit(0, b"weights")
    return writer, trial.id


def test_it_returns_when_the_disk_shows_the_end(tmp_path: Path) -> None:
    writer, trial = bundle(tmp_path)

    def later() -> None:
        time.sleep(1.5)
        writer.add([Row(trial, 1, "test", "error", "", 0.4)], {trial: Outcome("finished", 1, "epochs done")})
        writer.commit(1, None)

    shown, begun = threading.Thread(target=later), time.monotonic()
    shown.start()
    shared_disk.wait_until_visible(Store(str(tmp_path)), {"b"}, Silent())
    assert time.monotonic() - begun > 1.0
    assert Ledger.read(Store(str(tmp_path))).of([trial])[trial].state == "finished"
    shown.join()
    shared_disk.wait_until_visible(Store(str(tmp_path)), {"b"}, Silent())


def test_a_disk_that_never_shows_it_is_no_end_of_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle(tmp_path)
    monkeypatch.setattr(shared_disk, "LONGEST_S", 0.5)
    with pytest.raises(StorageFailed, match="what 1 bundles have recorded"):
        shared_disk.wait_until_visible(Store(str(tmp_path)), {"b"}, Silent())
