"""`sweep ui`: MLflow's pages on a store, on this machine only, until it is told to stop."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from tempfile import TemporaryFile
from types import FrameType
from typing import IO

from orchestrator.results import mlflow_mirror
from orchestrator.terminal.console import say
from tracking.common.errors import Refused
from tracking.mirror import sync as mirror
from tracking.mirror.tracking_uri import ui_command
from tracking.records.store import Store

START_S, STOP_S = 120.0, 10.0  # seconds that MLflow may take to answer, and to end
LOOK_S = 0.1  # between two looks at it
LAST_WORDS = 2000  # bytes of its log that are shown where it ends by itself


def serve(store: Store, tracking_uri: str | None, port: int, sweep: str | None) -> int:
    """Serves until Ctrl-C or SIGTERM, and leaves no process behind. Returns 0.

    sweep: the sweep whose page is shown. Raises Refused for a port that is in use, for a server, which has its own
    pages, for a sweep that MLflow does not have, and where the server ends by itself; Unreachable for a database of
    another MLflow.
    """
    where = mlflow_mirror.uri(store, tracking_uri)
    command, environment = ui_command(where, port)
    _check_free(port)
    mirror.prepare(where)
    page = mirror.page(where, sweep, store)
    everything = {**os.environ, **environment}
    with _asked_to_stop() as stop, TemporaryFile() as log:
        with _running(command, everything, log) as server:
            if _answers(server, port, stop):
                say(f"MLflow on http://127.0.0.1:{port}/{page} (Ctrl-C ends it)")
            while server.poll() is None and not stop.wait(LOOK_S):
                pass
            code = server.poll()
        if stop.is_set():
            return 0
        log.seek(0)
        raise Refused(
            f"MLflow's server ended by itself with {code}: {log.read()[-LAST_WORDS:].decode(errors='replace')}"
        )


@contextlib.contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, the usual end. They raise nothing: a server that is just being started
    would be left behind."""
    stop = threading.Event()

    def set_it(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, set_it) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str], log: IO[bytes]) -> Iterator["subprocess.Popen[bytes]"]:
    """The server in a process group of its own: it is ended as a whole, with the processes that it starts."""
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, process_group=0)
    try:
        yield server
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(STOP_S)


def _answers(server: "subprocess.Popen[bytes]", port: int, stop: threading.Event) -> bool:
    """Waits until it answers, True, or has ended or is to end, False. Raises Refused where it does none of these."""
    patience = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < patience:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            if stop.wait(LOOK_S):
                return False
    if server.poll() is not None:
        return False
    raise Refused(f"MLflow does not answer on port {port} after {START_S:.0f} s")


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port just left is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Refused(
                f"port {port} cannot be used on this machine ({error.strerror}): is another `sweep ui` open at "
                f"http://127.0.0.1:{port}? Give another, as in --port {port % 65535 + 1}"
            ) from error
