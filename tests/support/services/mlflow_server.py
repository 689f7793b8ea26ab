"""A real MLflow server, started by the very command of `sweep ui`."""

import os
import signal
import subprocess
import urllib.request
from pathlib import Path

from tests.support.launching.waiting import free_port, until
from tracking.mirror import tracking_uri


class Server:
    """A server of the MLflow store at `backend`, whose pages are at `url`; what it says goes to a file beside it."""

    def __init__(self, backend: str) -> None:
        self.backend, self.port = backend, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(Path(backend.removeprefix("sqlite:///")).with_name("server.log"), "a")  # noqa: SIM115
        self.start()

    def start(self) -> None:
        """Returns when it answers. Raises AssertionError with what it said if it ends."""
        command, environment = tracking_uri.ui_command(self.backend, self.port)
        self.process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=self.log, stderr=self.log, start_new_session=True
        )
        until(lambda: self.healthy() or self.process.poll() is not None, "the server to answer")
        assert self.process.poll() is None, Path(self.log.name).read_text()

    def healthy(self) -> bool:
        """Whether it answers."""
        try:
            return bool(urllib.request.urlopen(f"{self.url}/health", timeout=5).status == 200)
        except OSError:
            return False

    def send(self, number: int) -> None:
        """Sends a signal to all of its processes."""
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """Ends all of its processes at once; `start` may follow."""
        self.send(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """Ends it for good, also where SIGSTOP has suspended it."""
        self.kill()
        self.log.close()
