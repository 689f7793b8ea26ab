"""Disks that are full, cannot be written or are gone; databases that are locked, full or wiped: nothing is damaged.

Where MLflow cannot be written at the end of a launch, it is waited for a minute: these tests are for `make faults`.
"""

import itertools
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.support.launching.launches import Place, sweep
from tests.support.launching.small_disks import remount, small_disk
from tests.support.launching.waiting import until
from tests.support.stores import compare_records

HEAVY = sweep("misbehaving", {"steps": 12, "weight": 40_000}, {"seed": {"count": 8}})  # checkpoints of 80 kB
SHORT = sweep("misbehaving", {"steps": 3}, {"seed": {"count": 8}})
LONG = sweep("misbehaving", {"steps": 25, "pause": 0.04}, {"seed": {"count": 8}})


def spec(place: Place, text: str) -> str:
    """Writes the sweep file alone; the address of a database beside the store."""
    (place.folder / "faults.yaml").write_text(text)
    return f"sqlite:///{place.program.with_database(place.folder / 'beside')}"


def test_a_full_disk_stops_the_launch_with_a_message_and_after_making_room_it_goes_on(place: Place) -> None:
    with small_disk(place.store, "200k"):
        uri = spec(place, HEAVY)
        full = place.launch("--tracking-uri", uri)
        assert full.code == 74, full.err
        assert "storage failed" in full.err and "make room" in full.err and "Traceback" not in full.err
        assert compare_records.part_of(place.store, place.undisturbed())
        remount(place.store, "size=20m")
        place.launch("--tracking-uri", uri).ends(0)
        difference = compare_records.compare(place.store, place.undisturbed())
        assert not difference, difference
        assert compare_records.leftovers(place.store) == []


def test_a_disk_that_has_no_files_left_stops_the_launch_and_with_more_of_them_it_goes_on(place: Place) -> None:
    """Its inodes are used up, as those of a quota: at the lease, the kept sweep, a checkpoint, the end of a bundle."""
    ended, where = [], []
    with small_disk(place.store, "20m", files=2):
        uri = spec(place, SHORT)
        for files in (2, 4, 11, 35, 1000):
            remount(place.store, f"nr_inodes={files}")
            launch = place.launch("--tracking-uri", uri)
            assert "Traceback" not in launch.err, launch.err
            assert compare_records.part_of(place.store, place.undisturbed())
            ended.append(launch.code)
            where += re.findall(rf"No space left on device: '{place.store}/(\w+)", launch.err)
        assert ended == [74, 74, 74, 74, 0]
        assert where[:3] == ["leases", "sweeps", "checkpoints"] and where[3:] in (["weights"], ["records"])
        difference = compare_records.compare(place.store, place.undisturbed())
        assert not difference, difference
        assert compare_records.leftovers(place.store) == [] and compare_records.unnamed(place.store) == []


def remounted(folder: Path, options: str) -> bool:
    """Whether it worked: a file system cannot be made read-only while a file of it is open for writing."""
    return subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], capture_output=True).returncode == 0


def test_a_store_that_becomes_read_only_stops_the_launch_and_loses_nothing(place: Place) -> None:
    with small_disk(place.store, "20m"):
        uri = spec(place, LONG)
        running = place.start("--tracking-uri", uri)
        place.begun(running, 3)
        until(lambda: remounted(place.store, "ro"), "a moment in which nobody writes", 10)
        assert running.wait() in (73, 74), running.err
        assert str(place.store) in running.err and "Traceback" not in running.err
        refused = place.launch("--tracking-uri", uri)
        assert refused.code in (73, 74) and str(place.store) in refused.err
        remount(place.store, "rw")
        place.launch("--tracking-uri", uri).ends(0)
        difference = compare_records.compare(place.store, place.undisturbed())
        assert not difference, difference


def test_a_store_that_vanishes_stops_the_launch_and_when_it_is_back_it_goes_on(place: Place) -> None:
    """As a network disk does."""
    uri = spec(place, LONG)
    running = place.start("--tracking-uri", uri)
    place.begun(running, 3)
    away = place.store.rename(place.folder / "away")
    assert running.wait() == 74, running.err
    assert str(place.store) in running.err and "Traceback" not in running.err
    assert not place.store.exists() or not list(place.store.rglob("*.json")), "nothing is begun anew in its place"
    shutil.rmtree(place.store, ignore_errors=True)
    away.rename(place.store)
    place.launch("--tracking-uri", uri).ends(0)
    difference = compare_records.compare(place.store, place.undisturbed())
    assert not difference, difference


@pytest.mark.faults
@pytest.mark.parametrize("what", ["bytes", "files"])
def test_a_full_disk_under_mlflow_stops_no_training_and_sync_catches_up(place: Place, what: str) -> None:
    with small_disk(place.folder / "small", "4m", files=4) as small:
        uri = f"sqlite:///{place.program.with_database(small, '.')}"
        _fill(small, what)
        place.write(LONG)
        launch = place.launch("--tracking-uri", uri)
        assert launch.code == 0, launch.err
        difference = compare_records.compare(place.store, place.undisturbed())
        assert not difference, difference
        remount(small, "size=50m,nr_inodes=1000")
        place.program.run(place.folder, "sync", "faults.yaml", "--tracking-uri", uri).ends(0)
        assert place.wrong_runs(small / "mlflow.db") == []


def _fill(folder: Path, what: str) -> None:
    """To the last page, or with as many files as there may be."""
    with suppress(OSError):
        for n in itertools.count() if what == "files" else ():
            (folder / f"filler{n}").touch()
        with (folder / "filler").open("ab") as file:
            while True:
                file.write(b"x" * 4096)
                file.flush()


@pytest.mark.faults
def test_a_database_that_somebody_locks_stops_no_training_and_sync_catches_up(place: Place) -> None:
    place.write(SHORT)
    with closing(sqlite3.connect(place.store / "mlflow.db", isolation_level=None)) as db:
        db.execute("begin exclusive")
        launch = place.launch(seconds=200)
        assert launch.code == 0, launch.err
        difference = compare_records.compare(place.store, place.undisturbed())
        assert not difference, difference
        db.execute("rollback")
    place.program.run(place.folder, "sync", "faults.yaml").ends(0)
    assert place.wrong_runs(place.store / "mlflow.db") == []


def test_an_object_store_that_nobody_answers_for_is_said_in_time(place: Place) -> None:
    (place.folder / "faults.yaml").write_text(SHORT)
    launch = place.start(
        "--store", "s3://bucket/runs", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_ACCESS_KEY_ID="a",
        AWS_SECRET_ACCESS_KEY="hidden-secret", AWS_REGION="us-east-1",
    )  # fmt: skip
    assert launch.wait(100) in (2, 73, 74), launch.err
    assert "s3://bucket/runs" in launch.err or "bucket" in launch.err
    assert "hidden-secret" not in launch.err and "Traceback" not in launch.err


def test_a_database_wiped_while_a_launch_works(place: Place) -> None:
    running = place.write(LONG).start()
    place.begun(running, 3)
    for path in place.store.glob("mlflow.db*"):
        path.unlink()
    until(lambda: running.code is not None, "its end")
    assert running.code == 0, running.err
    place.is_whole()
