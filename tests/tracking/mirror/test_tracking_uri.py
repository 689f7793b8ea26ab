"""Tracking URIs: which are refused, what is shown of them, and on which disks SQLite may use a write-ahead log."""

from pathlib import Path

import pytest

from tests.support.mirrored_sweep import (
    sync,
)
from tracking.common.errors import Refused
from tracking.mirror import tracking_uri
from tracking.records import local_disk
from tracking.records.store import Store


def test_a_folder_is_refused_as_tracking_uri_with_the_remedy(store: Store) -> None:
    for bad in ("mlruns", "file:///tmp/mlruns"):
        with pytest.raises(ValueError, match="sqlite:////absolute/path"):
            sync(store, bad)
    with pytest.raises(ValueError, match="open it in a browser"):
        tracking_uri.ui_command("http://somewhere:5000")


def test_write_ahead_logging_is_for_local_disks(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/home {tmp_path} nfs4 rw 0 0\n")
    assert not local_disk.on_local_disk(tmp_path / "runs", mounts)
    assert local_disk.on_local_disk(tmp_path.parent, mounts)


def test_a_password_in_an_address_is_never_shown(store: Store, tmp_path: Path) -> None:
    shown = tracking_uri.public("postgresql+psycopg2://me:hidden@127.0.0.1:9/mlflow")
    assert shown == "postgresql+psycopg2://127.0.0.1:9/mlflow"
    assert tracking_uri.public("sqlite:////a/b@c.db") == "sqlite:////a/b@c.db"
    with pytest.raises(Refused, match="must not hold a name or password") as error:
        Store("s3://key:hidden@bucket/runs")
    assert "hidden" not in str(error.value)
