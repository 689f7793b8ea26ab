"""The resources of the nodes that this process is attached to, and their answers in a preflight check."""

import time
from collections.abc import Callable
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from orchestrator.execution.preflight import Node, answer
from orchestrator.planning.resources import Resources
from workers.runtime.device import free_bytes
from workers.runtime.provenance import hardware

SURVEY_S = 60.0  # a node's first worker process takes seconds to start


def survey(look: Callable[[], dict[str, str]]) -> list[Node]:
    """The resources of each node and its answer to `look`, all asked at once; a node has `SURVEY_S` to answer. Nodes
    that have left the cluster, which Ray notices half a minute later, are left out."""
    nodes = [node for node in ray.nodes() if node["Alive"]]
    asked = [ray.remote(num_cpus=0, max_retries=0)(answer).options(
        scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote(look)
        for node in nodes]  # fmt: skip
    end = time.monotonic() + SURVEY_S
    found = {n["NodeID"]: _answered(n, reference, end) for n, reference in zip(nodes, asked, strict=True)}
    left = {node["NodeID"] for node in ray.nodes() if not node["Alive"]}
    return [node for id, node in found.items() if not (node.error and id in left)]


def _answered(node: dict[str, Any], reference: Any, end: float) -> Node:
    """The answer of one node, waited for until `end` on the monotonic clock."""
    name = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
    try:
        return Node(name, node["Resources"], ray.get(reference, timeout=max(end - time.monotonic(), 0.1)))
    except ray.exceptions.RayError as error:
        return Node(name, node["Resources"], error=str(error))


def resources() -> Resources:
    """One bundle per GPU that Ray offers, or per core where it offers none. GPUs are asked for their free memory. Cores
    are not asked, and are taken for those of this machine: that only changes the estimate of time."""
    offered = ray.cluster_resources()
    gpus = int(offered.get("GPU", 0))
    if not gpus:
        return Resources(max(int(offered.get("CPU", 1)), 1), None, hardware("cpu"))
    asked = [ray.remote(num_gpus=1, num_cpus=0)(_gpu).remote() for _ in range(gpus)]
    devices, memories = zip(*ray.get(asked), strict=True)
    return Resources(gpus, min((bytes for bytes in memories if bytes is not None), default=None), devices[0])


def _gpu() -> tuple[str, int | None]:
    """The name of a worker's GPU, and its free memory in bytes."""
    return hardware("cuda"), free_bytes()
