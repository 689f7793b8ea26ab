"""`sweep ui`: MLflow's pages on a store, on this machine only."""

import os
import socket
import subprocess

from orchestrator.results import mlflow_mirror
from orchestrator.terminal.console import say
from tracking.common.errors import Refused
from tracking.mirror import sync
from tracking.mirror.tracking_uri import ui_command
from tracking.records.store import Store


def serve(store: Store, tracking_uri: str | None, port: int) -> int:
    """Serves MLflow's pages until interrupted. Returns the server's exit code."""
    where = mlflow_mirror.uri(store, tracking_uri)
    command, environment = ui_command(where, port)
    _check_free(port)
    sync.prepare(where)
    say(f"MLflow on http://127.0.0.1:{port}/#/experiments?workflowType=machine_learning (Ctrl-C ends it)")
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


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
