"""A launch waits for a disk that shows old records, and says so when it goes on showing them."""

import os
import signal
import threading
from pathlib import Path

import pytest

from orchestrator.execution.observer import Silent
from orchestrator.execution.signals import StopSignals
from orchestrator.execution.store.shared_disk import INTERVAL_S, LONGEST_S, read_when_visible
from tests.support.clocks import Clock
from tests.support.networks import small_trials
from tracking.common.errors import Interrupted, StorageFailed
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
    before, clock = Ledger.read(Store(str(tmp_path))), Clock()

    def third_look(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now == 3 * INTERVAL_S:
            writer.add([Row(trial, 1, "test", "error", "", 0.4)], {trial: Outcome("finished", 1, "epochs done")})
            writer.commit(1, None)

    ledger = read_when_visible(before, {"b"}, {"b"}, Silent(), clock, third_look)
    assert clock.now == 3 * INTERVAL_S
    assert ledger.of([trial])[trial].state == "finished"
    assert read_when_visible(ledger, {"b"}, {"b"}, Silent(), clock, third_look).manifests == ledger.manifests
    assert clock.now == 3 * INTERVAL_S, "nothing to wait for"


def test_a_disk_that_never_shows_it_is_no_end_of_the_work(tmp_path: Path) -> None:
    bundle(tmp_path)
    clock = Clock()
    with pytest.raises(StorageFailed, match="have recorded of 1 bundle;"):
        read_when_visible(Ledger.read(Store(str(tmp_path))), {"b"}, {"b"}, Silent(), clock, clock.sleep)
    assert clock.now > LONGEST_S


def test_the_first_signal_ends_the_wait(tmp_path: Path) -> None:
    """No commit of the bundle ever comes to be seen."""
    known = Ledger.read(Store(str(tmp_path)))
    with StopSignals(), pytest.raises(Interrupted):
        threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
        read_when_visible(known, ["b"], ["b"], Silent())


def test_a_signal_that_nobody_has_polled_is_heeded_before_the_wait() -> None:
    with StopSignals() as signals, pytest.raises(Interrupted), signals.polled():
        os.kill(os.getpid(), signal.SIGINT)
