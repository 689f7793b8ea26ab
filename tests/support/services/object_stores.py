"""Servers of object stores for tests, as processes: S3 as moto speaks it, Google's as its emulator does."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.launching.waiting import answers, free_port, until

# What runs, what makes the bucket, the store's address and what its clients find in their environment, at a port.
SERVERS: dict[str, dict[str, Any]] = {
    "s3": {
        "needs": "moto",
        "command": ["-m", "moto.server", "-H", "127.0.0.1", "-p", "{port}"],
        "bucket": "import boto3; boto3.client('s3').create_bucket(Bucket='sweeps')",
        "store": "s3://sweeps/runs",
        "environment": {"AWS_ENDPOINT_URL": "http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "sweep",
                        "AWS_SECRET_ACCESS_KEY": "never shown", "AWS_REGION": "us-east-1",
                        "AWS_DEFAULT_REGION": "us-east-1"},
    },
    "gs": {
        "needs": "gcp_storage_emulator",
        "command": ["-m", "gcp_storage_emulator", "start", "--host=127.0.0.1", "--port={port}", "--in-memory",
                    "--default-bucket=sweeps"],
        "bucket": "",
        "store": "gs://anonymous@sweeps/runs?scheme=http&endpoint_override=127.0.0.1%3A{port}",
        "environment": {},
    },
}  # fmt: skip


@contextmanager
def served(kind: str) -> Iterator[str]:
    """The address of an empty store in a server that runs; its clients' environment is this process's."""
    about, port = SERVERS[kind], str(free_port())
    if not importlib.util.find_spec(about["needs"]):
        pytest.skip(f"needs {about['needs']}: `make test-cluster` installs it")
    with pytest.MonkeyPatch.context() as patch:
        for key, value in about["environment"].items():
            patch.setenv(key, value.format(port=port))
        command = [sys.executable, *(part.format(port=port) for part in about["command"])]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(lambda: answers(int(port)), "the server")
            subprocess.run([sys.executable, "-c", about["bucket"]], check=True, timeout=60)
            yield about["store"].format(port=port)
        finally:
            server.kill()
            server.wait()
