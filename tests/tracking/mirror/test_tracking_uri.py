"""Tracking URIs: which are refused, what is shown of them, and on which disks SQLite may use a write-ahead log."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.support.stores.mirrored_sweep import (
    sync,
)
from tracking.common.errors import Refused
from tracking.common.hide_passwords import hide, public
from tracking.mirror import tracking_uri
from tracking.records.files import local_disk
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
    shown = public("postgresql+psycopg2://me:hidden@127.0.0.1:9/mlflow")
    assert shown == "postgresql+psycopg2://127.0.0.1:9/mlflow"
    assert public("sqlite:////a/b@c.db") == "sqlite:////a/b@c.db"
    for address in (
        "http://me:hi/hidden@host/x", "http://me:a@hidden@host", "http://host/x?token=hidden", "http://me:a?hidden@host",
        "http://host?token=a@hidden", "http://host/#hidden", "me:hidden@host", "postgresql://host/db?password=hidden",
        "http://me:%40hidden@host",
    ):  # fmt: skip
        assert ("hidden" not in public(address) and "host" in public(address)) or public(address) == "http://..."
        assert "hidden" not in hide(f"cannot reach {address}", address)
    assert "a b" not in hide("the password was 'a b' or a%20b", "http://me:a%20b@host")
    for address in (
        "s3://key:hidden@bucket/runs",
        "s3://key:hi/hidden@bucket/runs",
        "s3://bucket/runs?secret_key=hidden",
    ):
        with pytest.raises(Refused, match="must not hold a name or password") as error:
            Store(address)
        assert "hidden" not in str(error.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ftp://host/x", "of no kind that MLflow can use; known: sqlite://"),
        ("mysql://me:hidden@host/db", "needs the Python package"),
        ("postgresql+nothing://me:hidden@host/db", "needs the Python package|cannot be read"),
        ("postgresql://me:hidden@host:port/db", "cannot be read; write special characters"),
        ("me:hidden@host/mlruns", "is a folder"),
        ("http://", "is not complete; it is http://host:5000"),
        ("http:///mlflow", "is not complete"),
        ("http://[host", "is not complete"),
        ("sqlite://", "is not complete.*sqlite:////absolute/path/mlflow.db"),
    ],
)
def test_an_address_of_an_unknown_kind_is_refused_in_one_line(address: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as error:
        tracking_uri.check(address)
    assert "hidden" not in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("address", ["http://host/runs", "ftp://host/x", "s3:///", "nothing://x"])
def test_a_store_of_an_unknown_kind_is_refused_in_one_line(address: str) -> None:
    with pytest.raises(Refused, match="give a folder, s3://bucket/folder") as error:
        Store(address)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["a?b", "a%41b", "100%", "a#b", "a b", "a\nb", "名前", "x" * 200, "a@b:c"])
def test_the_address_of_a_database_leads_back_to_its_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "mlflow.db"
    address = tracking_uri.of_database(path)
    assert tracking_uri.database(address) == path and make_url(address).database == str(path)


def test_the_command_of_the_pages_shows_no_password_to_other_users() -> None:
    command, environment = tracking_uri.ui_command("sqlite:////a/b.db")
    assert not any("b.db" in word for word in command) and environment["MLFLOW_BACKEND_STORE_URI"].endswith("b.db")
