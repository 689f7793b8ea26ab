"""Checks whether a cluster is still there, for losses on which Ray itself waits for ever or kills this process."""

import socket
from functools import partial

import ray

from orchestrator.execution.cluster_watchdog import Check, lost_after_s


def checks() -> dict[Check, float]:
    """What may go wrong with the cluster while Ray itself waits for ever or kills this process, and how long it may.
    Only what can be looked at from here: a driver outside of the cluster sees neither sockets nor its head."""
    node = ray._private.worker._global_node
    raylet, head = getattr(node, "raylet_socket_name", None), ray.get_runtime_context().gcs_address
    checks: dict[Check, float] = {}
    if raylet and not _no_raylet(raylet):
        checks[partial(_no_raylet, raylet)] = 0.0
    if head and not _no_head(head):
        checks[partial(_no_head, head)] = lost_after_s()
    return {**checks, _no_machine: lost_after_s()}


def _no_raylet(path: str) -> str:
    with socket.socket(socket.AF_UNIX) as probe:
        return f"Ray's raylet on this machine has ended ({path})" if probe.connect_ex(path) else ""


def _no_head(address: str) -> str:
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except OSError as error:
        return f"its head at {address} does not answer ({error})"
    return ""


def _no_machine() -> str:
    found = ray.cluster_resources()
    return "" if found.get("CPU") or found.get("GPU") else "it has no machine left that could work"
