"""Leases in object stores: of several launches at once one works, whoever is slow, and what is taken over stays so."""

import http.client
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.support.services.object_stores import SERVERS, served
from tracking.common.errors import InUse, Refused
from tracking.records.files.storage import Files
from tracking.records.leases import lease
from tracking.records.leases.lease_exclusion import exclusion
from tracking.records.leases.lease_file import claims

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


@pytest.fixture(params=SERVERS)
def store(request: pytest.FixtureRequest) -> Iterator[str]:
    with served(request.param) as address:
        yield address


def test_of_two_launches_one_works(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEP_LEASE_S", "3")
    files, mine = Files(store), frozenset({"a", "b"})
    with lease.acquire(files, "widths", mine, print) as held, lease.guard(files, held.number):
        with pytest.raises(InUse, match=f"process {os.getpid()} on"):
            lease.acquire(files, "others", frozenset({"b"}), print)
        with lease.acquire(files, "others", frozenset({"c"}), print):
            assert len([c for c in claims(files) if not c.released]) == 2
    with lease.acquire(files, "widths", mine, print) as again:
        assert again.number > held.number


CLAIM = """
import sys
from tracking.common.errors import InUse
from tracking.records.leases import lease
from tracking.records.files.storage import Files

files = Files(sys.argv[1])
print("ready", flush=True)
for attempt in sys.stdin:
    try:
        with lease.acquire(files, attempt, frozenset({attempt}), lambda message: None):
            print("owns", flush=True)
            sys.stdin.readline()
    except InUse:
        print("refused", flush=True)
        sys.stdin.readline()
    print("ended", flush=True)
"""


def claims_at_once(store: str, processes: int, attempts: int) -> list[int]:
    """How many of so many processes own the same lease, at each attempt."""
    command = [sys.executable, "-c", CLAIM, store]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    crowd = [subprocess.Popen(command, text=True, **pipes) for _ in range(processes)]

    def say(text: str) -> list[str]:
        for one in crowd:
            one.stdin.write(f"{text}\n")
            one.stdin.flush()
        return [one.stdout.readline().strip() for one in crowd]

    try:
        assert [one.stdout.readline() for one in crowd] == ["ready\n"] * processes
        found = []
        for attempt in range(attempts):
            found.append(say(str(attempt)).count("owns"))
            assert say("") == ["ended"] * processes
        return found
    finally:
        for one in crowd:
            one.kill()
            one.communicate()


def test_of_many_at_once_exactly_one_works(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEP_LEASE_S", "1" if store.startswith("s3") else "30")  # where only waiting keeps them apart
    attempts = 5 if store.startswith("s3") else 2
    assert claims_at_once(store, processes=6, attempts=attempts) == [1] * attempts


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_an_owner_that_was_taken_over_does_not_revive_its_lease(store: str) -> None:
    files = Files(store)
    number = lease.acquire(files, "widths", frozenset({"a"}), print).number
    (silent,) = claims(files)
    exclusion(files).take(silent, number + 1)
    with pytest.raises(FileNotFoundError):
        exclusion(files).beat(number, 7)
    assert claims(files) == []
    with pytest.raises(InUse, match="taken over"), lease.guard(files, number):
        pass


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_an_owner_that_has_beaten_since_it_was_looked_at_is_not_taken_over(store: str) -> None:
    files = Files(store)
    number = lease.acquire(files, "widths", frozenset({"a"}), print).number
    (silent,) = claims(files)
    exclusion(files).beat(number, 7)
    with pytest.raises(InUse, match="now works again"):
        exclusion(files).take(silent, number + 1)
    with lease.guard(files, number):
        assert [c.number for c in claims(files)] == [number]


class Unconditional(BaseHTTPRequestHandler):
    """Passes requests on without their conditions, as an old object store understands them."""

    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        headers = {k: v for k, v in self.headers.items() if not k.lower().startswith("if-")}
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind)  # type: ignore[attr-defined]
        behind.request(self.command, self.path, self.rfile.read(length), headers)
        answer = behind.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass_on

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_a_store_that_ignores_conditions_is_refused(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    behind = int(os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2])
    with ThreadingHTTPServer(("127.0.0.1", 0), Unconditional) as server:
        server.behind = behind  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        files = Files(store)
        with pytest.raises(Refused, match="ignores conditional puts"):
            lease.acquire(files, "widths", frozenset({"a"}), print)
        assert claims(files) == []
        server.shutdown()
