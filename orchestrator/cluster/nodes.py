"""What the nodes that this process is attached to offer, and what they answer when they are asked."""

import time
from collections.abc import Callable
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from orchestrator.execution.preflight import Node, answer
from workers.runtime.device import free_bytes

SURVEY_S = 60.0  # a node's first worker process takes seconds to start


def survey(look: Callable[[], dict[str, str]]) -> list[Node]:
    """What each node offers and answers to `look`, asked all at once; a node has `SURVEY_S` to answer. One that has
    left the cluster, as Ray finds out half a minute later, is none of it."""
    nodes = [node for node in ray.nodes() if node["Alive"]]
    asked = [ray.remote(num_cpus=0, max_retries=0)(answer).options(
        scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote(look)
        for node in nodes]  # fmt: skip
    end = time.monotonic() + SURVEY_S
    found = {n["NodeID"]: _answered(n, reference, end) for n, reference in zip(nodes, asked, strict=True)}
    left = {node["NodeID"] for node in ray.nodes() if not node["Alive"]}
    return [node for id, node in found.items() if not (node.error and id in left)]


def _answered(node: dict[str, Any], reference: Any, end: float) -> Node:
    """What one node said until `end`, by the monotonic clock."""
    name = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
    try:
        return Node(name, node["Resources"], ray.get(reference, timeout=max(end - time.monotonic(), 0.1)))
    except ray.exceptions.RayError as error:
        return Node(name, node["Resources"], error=str(error))


def free() -> int | None:
    """Free bytes of the smallest GPU that Ray offers; None when there is none."""
    gpus = int(ray.cluster_resources().get("GPU", 0))
    asked = [ray.remote(num_gpus=1, num_cpus=0)(free_bytes).remote() for _ in range(gpus)]
    return min((free for free in ray.get(asked) if free is not None), default=None)


def lanes() -> int:
    found = ray.cluster_resources()
    return max(int(found.get("GPU", 0) or found.get("CPU", 1)), 1)
