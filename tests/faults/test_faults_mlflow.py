"""An MLflow server that loses replies, refuses, dawdles or hangs: training does not wait, and sync makes it right.

A real server behind a proxy that hits every third request.
"""

import http.client
import itertools
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.launching.launches import Place, sweep
from tests.support.services.mlflow_server import Server
from tests.support.stores import compare_records

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

LONG = sweep("misbehaving", {"steps": 25, "pause": 0.04}, {"seed": {"count": 8}})  # four seconds of work
TRAINED_S = 20.0


class Proxy(ThreadingHTTPServer):
    """Passes requests on to the server at `port`, and does `how` to every third one."""

    def __init__(self, port: int, how: str) -> None:
        super().__init__(("127.0.0.1", 0), _Pass)
        self.port, self.how, self.count, self.hit = port, how, itertools.count(1), 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Pass(BaseHTTPRequestHandler):
    server: Proxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        hit = next(self.server.count) % 3 == 0
        self.server.hit += hit
        if hit and self.server.how == "unavailable":
            self.send_response(503)
            return self._end(b"", {"Retry-After": "1"})
        if hit and self.server.how == "slow":
            time.sleep(1)
        server = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=100)
        kept = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        server.request(self.command, self.path, body, kept)
        reply = server.getresponse()
        content = reply.read()
        server.close()
        if hit and self.server.how == "lose the reply":
            return
        self.send_response(reply.status)
        self._end(content, {k: v for k, v in reply.getheaders() if k.lower() == "content-type"})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass

    def _end(self, content: bytes, headers: dict[str, str]) -> None:
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(place: Place) -> Iterator[Server]:
    (place.folder / "server").mkdir()
    running = Server(f"sqlite:///{place.program.with_database(place.folder / 'server', '.')}")
    yield running
    running.close()


def is_whole(place: Place, server: Server) -> None:
    """Training took its usual time, records are those of an undisturbed launch, and after a sync so is MLflow."""
    for manifest in compare_records.manifests(place.store):
        assert manifest["clock"][-1][1] - manifest["started_ms"] < 1000 * TRAINED_S
    difference = compare_records.compare(place.store, place.undisturbed())
    assert not difference, difference
    place.program.run(place.folder, "sync", "faults.yaml", "--tracking-uri", server.url).ends(0)
    assert place.wrong_runs(Path(server.backend.removeprefix("sqlite:///"))) == []


@pytest.mark.parametrize("how", ["lose the reply", "unavailable", "slow"])
def test_whatever_a_server_does_to_every_third_request_every_trial_is_shown_once(
    place: Place, server: Server, how: str
) -> None:
    with Proxy(server.port, how) as proxy:
        launch = place.write(LONG).launch("--tracking-uri", proxy.url, seconds=300)
        assert launch.code == 0, launch.err
        assert proxy.hit > 3
        proxy.shutdown()
    is_whole(place, server)


def test_a_server_that_hangs_holds_nobody_up(place: Place, server: Server) -> None:
    running = place.write(LONG).start("--tracking-uri", server.url)
    place.begun(running, 3)
    server.send(signal.SIGSTOP)
    assert running.wait(200) == 0, running.err
    assert "MLflow is behind" in running.err and "sweep sync" in running.err
    server.send(signal.SIGCONT)
    is_whole(place, server)
