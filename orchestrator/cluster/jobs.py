"""Hands a command to a cluster's job server: what `--detach` does."""

import logging
import os
import socket
from urllib.parse import urlsplit

import ray
from ray._private import ray_constants

from orchestrator.cluster.connect import HEAD_S, head, here, last_line

JOBS = (
    "Start its head with `ray start --head --dashboard-host=ADDRESS`, which needs ray[default], or name a way to its "
    "job server in RAY_API_SERVER_ADDRESS=http://host:8265."
)


def submit(address: str, job: str, command: str, folder: str, environment: dict[str, str]) -> str:
    """Hands a command, the files that it needs and variables that are no secrets to a cluster, to run on its head.

    Returns the address of the cluster's job server. Raises ConnectionError when it has none, or does not take the job.
    """
    from ray.job_submission import JobSubmissionClient

    logging.getLogger("ray").setLevel(logging.ERROR)  # its messages about packing the folder
    server = _job_server(address)
    os.environ["RAY_API_SERVER_ADDRESS"] = server  # which Ray prefers to its argument, as it does RAY_ADDRESS
    try:
        client = JobSubmissionClient(server)
        client.submit_job(
            entrypoint=command, submission_id=job, runtime_env={"working_dir": folder, "env_vars": environment}
        )
    except (ray.exceptions.RayError, RuntimeError, OSError) as error:
        raise ConnectionError(f"the job server at {server} did not take the job ({last_line(error)})") from error
    return server


def _job_server(address: str) -> str:
    """Where a cluster takes jobs, as its head says, or RAY_API_SERVER_ADDRESS. Raises ConnectionError."""
    server = os.environ.get("RAY_API_SERVER_ADDRESS") or _dashboard(address)
    where = urlsplit(server)
    try:
        socket.create_connection((where.hostname or "", where.port or 80), HEAD_S).close()
    except OSError as error:
        raise ConnectionError(
            f"the cluster at '{address}' takes no jobs from here: nobody answers at {server} ({error}). {JOBS}"
        ) from error
    return server


def _dashboard(address: str) -> str:
    """Where a head says that its job server is. Raises ConnectionError, also when only the head itself can reach it."""
    with head(address) as client:
        key, space = ray_constants.DASHBOARD_ADDRESS.encode(), ray_constants.KV_NAMESPACE_DASHBOARD
        found = (client.internal_kv_get(key, space, timeout=HEAD_S) or b"").decode()
        nodes = client.get_all_node_info(timeout=HEAD_S)
    own = found.startswith(("127.", "localhost", "[::1]"))
    # From elsewhere this address leads to whatever runs here, perhaps another cluster.
    if not found or (own and not here({id.hex() for id, node in nodes.items() if node.is_head_node})):
        raise ConnectionError(f"the cluster at '{address}' takes no jobs from other machines. {JOBS}")
    return f"http://{found}"
