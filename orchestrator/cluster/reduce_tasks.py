"""Ray tasks that reduce batches of trials where a cluster reads their rows, instead of in the launching process.

A task gets the ids of a batch, the names of the files that hold its rows, and a reduction; it returns what the batch is
reduced to. `tracking.analysis` merges that in the order of the batches, with or without Ray. A task whose process or
node dies runs again elsewhere.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import ray

from orchestrator.cluster.connect import attached, last_line
from orchestrator.cluster.liveness import checks
from orchestrator.cluster.nodes import survey
from orchestrator.execution import preflight
from orchestrator.execution.cluster_watchdog import ClusterWatchdog
from tracking.analysis.frame import Frame
from tracking.analysis.row_cache import Reducer, reduced_alone, sent
from tracking.common.errors import Interrupted
from tracking.records.ledger import Ledger
from tracking.records.store import Store

T = TypeVar("T")
RETRIES = 10  # of one batch, when its process or its node has died
AHEAD = 2  # batches for each core that are handed out before the oldest result is taken: what this process holds
POLL_S = 1.0  # between two looks whether the cluster is still there


@dataclass
class Cluster:
    """What the watchdog says of the cluster."""

    cluster_lost: str = ""


@contextmanager
def reducing(address: str, store: Store) -> Iterator[Reducer]:
    """Yields what reduces the rows of a ledger by tasks of the cluster at `address`. Replaces this process's signal
    handlers, as Ray does.

    Raises Refused where its nodes have other code or cannot read the store, ConnectionError where nothing answers.
    """
    preflight.check_address(address)
    with attached(address):
        preflight.check(survey, store)
        with tasks() as reducer:
            yield reducer


@contextmanager
def tasks() -> Iterator[Reducer]:
    """The same on the cluster that this process is attached to, whose nodes have been checked."""
    cluster = Cluster()
    with ClusterWatchdog(checks(), cluster):
        yield lambda ledger: Tasks(ledger, cluster)


@dataclass
class Tasks:
    """Reduces the rows of a ledger, as `tracking.analysis.frame.Each` says."""

    ledger: Ledger
    cluster: Cluster

    def __call__(self, reduction: Callable[[Frame], T], batches: Iterable[Frame]) -> Iterator[T]:
        """Hands out some batches ahead, and yields the results in order."""
        task = ray.remote(num_cpus=1, max_retries=RETRIES, scheduling_strategy="SPREAD")(reduced_alone)
        most = AHEAD * max(int(ray.cluster_resources().get("CPU", 1)), 1)
        pending: deque[Any] = deque()
        for batch in batches:
            if len(pending) >= most:
                yield self._result(pending.popleft())
            pending.append(task.remote(reduction, sent(batch, self.ledger)))
        while pending:
            yield self._result(pending.popleft())

    def _result(self, reference: Any) -> Any:
        """What a task returns or raises. Raises Interrupted where the cluster is lost."""
        try:
            while not ray.wait([reference], timeout=POLL_S)[0]:
                if self.cluster.cluster_lost:
                    raise Interrupted(self.cluster.cluster_lost)
            return ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            raise Interrupted(f"the cluster failed while it read rows ({last_line(error)})") from error
