"""Runs bundles as Ray Tune trials, on this machine or on a cluster.

One Tune trial is one bundle, in actors that are reused. Tune keeps no results: its loggers are off, nothing is
restored from it; the store knows what is done, and a launch gives Tune only what is missing.
"""

import contextlib
import logging
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ray
from ray import tune
from ray.tune.execution import class_cache

from orchestrator.cluster.callbacks import StopWhenAsked, SupervisorCallback
from orchestrator.cluster.connect import attached, last_line, starting
from orchestrator.cluster.liveness import checks
from orchestrator.cluster.nodes import resources
from orchestrator.cluster.trainable import Worker
from orchestrator.execution.cluster_watchdog import ClusterWatchdog
from orchestrator.execution.rounds import Run
from orchestrator.execution.supervisor import Supervisor
from orchestrator.planning.resources import Resources
from tracking.records.store import Store
from workers.bundle import Bundle
from workers.runtime.failure import Failure

# Tune gives its actors a variable for PyTorch Lightning. Ray would start new processes for them, and end unused those
# that it started ahead.
class_cache.DEFAULT_ENV_VARS.clear()
# Tune also gives its actors the keys of an S3 store, and Ray writes what it gives to a log that every user of the
# machine can read. Every node has keys of its own: preflight asks each whether it can use the store.
class_cache.ENV_VARS_TO_PROPAGATE.clear()
logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # see RAY_IGNORE_UNHANDLED_ERRORS


@contextlib.contextmanager
def backend(address: str | None) -> Iterator[tuple[Resources, Run]]:
    """Ray to run on: one on this machine, or the cluster at `address`.

    Yields what bundles run on, and `run`. Replaces this process's signal handlers, as Ray does.

    Raises ConnectionError when nothing answers at the address, Interrupted when Ray fails while it starts.
    """
    with attached(address):
        with starting():
            found = resources()
        yield found, run


def run(bundles: Sequence[Bundle], store: Store, supervisor: Supervisor) -> None:
    """Runs bundles and tells `supervisor` what they report and how they fail. When it says so, every worker commits,
    and this returns."""
    needs = {"cpu": 1, "gpu": 1} if ray.cluster_resources().get("GPU") else {"cpu": 1}
    trainable = tune.with_resources(tune.with_parameters(Worker, bundles=list(bundles), store=store), needs)
    scratch = tempfile.mkdtemp(prefix="sweep-tune-")
    try:
        tuner = tune.Tuner(
            trainable,
            param_space={"index": tune.grid_search(list(range(len(bundles))))},
            tune_config=tune.TuneConfig(reuse_actors=True),
            run_config=tune.RunConfig(
                storage_path=scratch,
                name="bundles",
                verbose=0,
                callbacks=[SupervisorCallback(bundles, supervisor)],
                stop=StopWhenAsked(supervisor),
            ),
        )
        with warnings.catch_warnings(), ClusterWatchdog(checks(), supervisor):
            warnings.simplefilter("ignore")
            try:
                tuner.fit()
            except ray.exceptions.RayError as error:  # of Tune's own calls, not of a worker
                supervisor.cluster_lost = f"the cluster failed ({last_line(error)})"
        for bundle in bundles:
            if not supervisor.should_stop and bundle.id not in supervisor.ended_bundles | supervisor.failures.keys():
                supervisor.bundle_failed(bundle, Failure("lost", f"Ray Tune returned no result for bundle {bundle.id}"))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def actor_group(kind: type, number: int, cpus: float, gpus: float) -> Iterator[Callable[..., list[Any]]]:
    """`number` actors of `kind` on this machine, with fractions of its cores and GPUs.

    The counterpart under Ray of `orchestrator.execution.local.process_group`.
    """
    with backend(None):
        actors = [ray.remote(num_cpus=cpus, num_gpus=gpus)(kind).remote() for _ in range(number)]
        yield lambda method, *arguments: ray.get([getattr(actor, method).remote(*arguments) for actor in actors])
