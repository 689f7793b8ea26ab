"""What keeps MLflow from being written until somebody acts is said at once, and not waited for."""

import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.launching.waiting import until
from tests.support.stores.mirrored_sweep import SWEEP, recorded, sync
from tracking.common.errors import Refused, Unreachable, Unusable
from tracking.mirror import tracking_uri
from tracking.mirror.background import Mirror
from tracking.records.ledger import Ledger
from tracking.records.store import Store

PLACES = {
    # where the database would be, and what is said of it
    "nowhere/mlflow.db": "nowhere is a link to '{folder}/gone', which does not exist",
    "a file/mlflow.db": "a file is no folder",
    "a folder": "a folder is no file",
    "no database": "file is not a database; where it is damaged, remove it",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "a file").write_text("no folder")
    (tmp_path / "a folder").mkdir()
    (tmp_path / "no database").write_text("no database " * 100)
    return tmp_path


class _Refusing(BaseHTTPRequestHandler):
    """A web server that lets nobody in, as one in front of MLflow does, and one that is not MLflow at all."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(401 if self.path.startswith("/closed") else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def web() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def is_not_waited_for(store: Store, uri: str, caplog: pytest.LogCaptureFixture) -> str:
    """Mirrors, and closes the mirror with more time than a test may take. Returns what the mirror says."""
    caplog.set_level(logging.WARNING)
    watching = Mirror(SWEEP, [r.id for r in recorded(store)], Ledger.read(store), uri, every=600)
    until(lambda: "recorded without it" in caplog.text, "the mirror to say so while trials are trained")
    lag = watching.close(3600)
    assert lag.trials == 6 and lag.error in caplog.text
    assert caplog.text.count("recorded without it") == 1
    return lag.error


@pytest.mark.parametrize("name", PLACES)
def test_where_no_database_can_be(store: Store, folder: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    uri = tracking_uri.of_database(folder / name)
    assert PLACES[name].format(folder=folder) in is_not_waited_for(store, uri, caplog)
    with pytest.raises((Refused, Unusable)):
        sync(store, uri)


@pytest.mark.parametrize("ending", tracking_uri.BESIDE)
def test_what_sqlite_keeps_beside_the_database_is_a_link_or_a_folder(
    ending: str, store: Store, uri: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    beside = tmp_path / f"mlflow.db{ending}"
    beside.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match=f"{ending}, which .* is a link to .*elsewhere'; remove it"):
        sync(store, uri)
    assert str(beside) in is_not_waited_for(store, uri, caplog)
    beside.unlink()
    beside.mkdir()
    with pytest.raises(Refused, match=f"{ending}, which .* is no file; remove it"):
        sync(store, uri)
    assert not (tmp_path / "elsewhere").exists()


def test_where_a_folder_cannot_be_made(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Not even by root, as in /proc."""
    assert "/proc/1/no/mlflow.db" in is_not_waited_for(store, "sqlite:////proc/1/no/mlflow.db", caplog)


@pytest.mark.parametrize(("path", "said"), [("closed", "401"), ("other", "404")])
def test_a_server_that_lets_nobody_in_and_one_that_is_not_mlflow(
    store: Store, web: str, path: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert said in is_not_waited_for(store, f"{web}/{path}", caplog)


def test_what_may_pass_is_waited_for(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Where nothing answers, a server may be about to start."""
    with pytest.raises(Unreachable) as caught:
        sync(store, "http://127.0.0.1:9")
    assert not isinstance(caught.value, Unusable)
    watching = Mirror(SWEEP, [r.id for r in recorded(store)], Ledger.read(store), "http://127.0.0.1:9", every=0.1)
    until(lambda: "nothing answers" in watching.lag().error, "a round")
    assert watching.close(0.0).trials == 6 and "recorded without it" not in caplog.text
