"""Records in an object store: S3 as moto's server speaks it, Google's as its emulator does; each a process of its own.

What holds for a folder must hold for them: a name means a whole file, of two launches one works, and a sweep that is
launched, looked at and launched again ends with every number once.
"""

import contextlib
import os
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.launching.launches import Program
from tests.support.launching.waiting import free_port
from tests.support.services.cluster_records import SWEEP, TRIALS, records
from tests.support.services.object_stores import SERVERS, served
from tracking.common.errors import StorageFailed
from tracking.records.files.storage import Files

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


@pytest.fixture(params=SERVERS)
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    with served(request.param) as address:
        yield address


def test_a_name_means_a_whole_file_or_none(store: str) -> None:
    files = Files(store)
    assert files.names("records", "") == []
    with pytest.raises(FileNotFoundError):
        files.read("records/a/manifest.json")
    files.write("records/a/manifest.json", b"old")
    files.write("records/a/manifest.json", b"new")
    files.write("records/b/rows-0.parquet", b"x" * 2**20)
    files.write("records/b/foreign.txt", b"somebody else's")
    assert files.names("records", ".json") == ["records/a/manifest.json"]
    assert files.read("records/a/manifest.json") == b"new" and len(files.read("records/b/rows-0.parquet")) == 2**20
    files.set_aside("records/a/manifest.json")
    assert files.names("records", ".json") == [] and files.read("records/a/manifest.json.damaged") == b"new"
    files.delete(["records/b/rows-0.parquet", "records/never/was-0.parquet"])
    assert files.names("records", "") == []


def test_a_sweep_is_launched_looked_at_and_launched_again(program: Program, store: str, tmp_path: Path) -> None:
    def sweep(*arguments: str) -> dict[str, Any]:
        done = program.run(tmp_path, *arguments, "--json", waits={}).ends(0)
        assert "never shown" not in done.err + done.out
        return done.result

    spec = tmp_path / "widths.yaml"
    spec.write_text(SWEEP % 2)
    where = ("widths.yaml", "--store", store)
    first = sweep("launch", *where, "--local")
    assert first["trials"]["run"] == TRIALS and list(tmp_path.glob("figures/widths/*.png"))
    assert sweep("launch", *where, "--local")["trials"]["already_done"] == TRIALS
    assert sweep("status", *where)["trials"] == {"total": TRIALS, "finished": TRIALS}
    found = records(spec, store)
    assert found["ended"] == TRIALS and found["wrong"] == []


class Forwarder(socketserver.BaseRequestHandler):
    """Lets connections through to another port of this machine."""

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.behind)) as inner:  # type: ignore[attr-defined]
            back = threading.Thread(target=_pour, args=(inner, self.request))
            back.start()
            _pour(self.request, inner)
            back.join()


def _pour(source: socket.socket, into: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while some := source.recv(65536):
            into.sendall(some)
        into.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def forwarding(port: int, behind: int) -> Iterator[None]:
    """Open while the body runs; before and after, connections are refused."""
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Forwarder) as server:
        server.daemon_threads, server.behind = True, behind  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
            server.block_on_close = False


@pytest.mark.parametrize("store", ["s3"], indirect=True)  # Google's library itself tries again
def test_a_store_that_answers_no_more_for_a_while_is_waited_for(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address, port = os.environ["AWS_ENDPOINT_URL"], free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    behind = int(address.rpartition(":")[2])
    with forwarding(port, behind):
        files = Files(store)
        files.write("records/a", b"before")
    written = threading.Thread(target=files.write, args=("records/b", b"during"))
    written.start()
    written.join(4.0)
    assert written.is_alive(), "it waits"
    with forwarding(port, behind):
        written.join(30.0)
        assert not written.is_alive() and files.read("records/b") == b"during"
    monkeypatch.setattr("tracking.records.files.storage.PATIENCE_S", 2)
    with pytest.raises(StorageFailed):
        files.read("records/a")


@pytest.mark.parametrize("scheme", SERVERS)
def test_a_store_that_nobody_answers_for_is_said_in_time(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    about = SERVERS[scheme]
    for key, value in about["environment"].items():
        monkeypatch.setenv(key, value.format(port=9))
    monkeypatch.setattr("tracking.records.files.storage.PATIENCE_S", 5)
    begun = time.monotonic()
    with pytest.raises(StorageFailed):
        Files(about["store"].format(port=9)).read("records/a/manifest.json")
    assert time.monotonic() - begun < 60
