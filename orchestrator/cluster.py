"""Runs bundles as Ray Tune trials, on this machine or on a cluster. The only file that imports ray.

One Tune trial is one bundle, in actors that are reused. Tune keeps no results: its loggers are off, nothing is
restored from it; the store knows what is done, and a launch gives Tune only what is missing.
"""

import contextlib
import logging
import os
import secrets
import shutil
import socket
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# Ray reads these when it is imported. Tune's own CSV, JSON and TensorBoard files double the time of short trials.
os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # what fails is told to the watch, which says it once

# Only who has the token may run code in Ray. Where the user has none, this process makes one for a Ray of its own.
os.environ.setdefault("RAY_AUTH_MODE", "token")
if not (Path.home() / ".ray/auth_token").exists() and "RAY_AUTH_TOKEN_PATH" not in os.environ:
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))

import ray
from ray import cloudpickle, tune
from ray._private import ray_constants, services
from ray._raylet import GcsClient  # type: ignore[attr-defined]
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from orchestrator.interrupt import Interrupted
from orchestrator.preflight import Node, answer
from orchestrator.pulse import Check, Pulse, patience
from orchestrator.watch import Watch
from tracking.lease import InUse
from tracking.store import Store
from workers import failure
from workers.device import free_bytes
from workers.failure import Broken, Failure
from workers.work import Bundle, Report, set_threads, work

os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"  # ours, in interrupt.py, also knows SIGTERM
logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # see RAY_IGNORE_UNHANDLED_ERRORS

Run = Callable[[Sequence[Bundle], Store, Watch], None]
REPORT_S = 0.5  # a bundle reports to the driver about this often
CLUSTERS = ray_constants.ENABLE_RAY_CLUSTER
GREET_S = 10.0  # for the head of a cluster to say who is in it
JOBS = (
    "Start its head with `ray start --head --dashboard-host=ADDRESS`, which needs ray[default], or name a way to its "
    "job server in RAY_API_SERVER_ADDRESS=http://host:8265."
)
SURVEY_S = 60.0  # a node's first worker process takes seconds to start


class Worker(tune.Trainable):  # type: ignore[misc]
    """Works on one bundle after the other; a step of Tune is about half a second of work."""

    def setup(self, config: dict[str, Any], bundles: "list[Bundle]", store: Store) -> None:
        set_threads()
        self.bundles, self.store = bundles, store
        self.reset_config(config)

    def reset_config(self, config: dict[str, Any]) -> bool:
        bundle = self.bundles[config["index"]]
        device = "cuda" if ray.get_gpu_ids() else "cpu"
        self.running = work(self.store, bundle, device)
        self.report, self.begun = Report(bundle.id, -1, {}, 0), False
        return True

    def step(self) -> dict[str, Any]:
        """Reports of half a second, as one; the first time only that the worker is there. Raises Broken."""
        done = False
        if self.begun:
            try:
                done = self._some()
            except Exception as error:
                raise Broken(*failure.of(error)) from None
        self.begun = True
        return {"report": tuple(self.report), "done": done}

    def _some(self) -> bool:
        """Half a second of work; whether it was the last."""
        until, whole = time.monotonic() + REPORT_S, self.report._replace(ended={}, visits=0, damaged=())
        done = True
        for report in self.running:
            ended, visits = {**whole.ended, **report.ended}, whole.visits + report.visits
            whole = report._replace(ended=ended, visits=visits, damaged=(*whole.damaged, *report.damaged))
            if time.monotonic() > until:
                done = False
                break
        self.report = whole
        return done

    def cleanup(self) -> None:
        with contextlib.suppress(OSError, InUse):  # nobody hears it any more, and what was committed before is kept
            self.running.close()

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Checkpoints are the store's; but Tune fails reused actors that have no such method."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """See `save_checkpoint`."""


class _Listener(tune.Callback):  # type: ignore[misc]
    """Tells a watch what happens, and ends the workers that it finds hanging."""

    def __init__(self, bundles: Sequence[Bundle], watch: Watch) -> None:
        self.bundles, self.watch = bundles, watch

    def __getstate__(self) -> dict[str, Any]:
        """Tune writes its callbacks down to restore an experiment, which is never done here."""
        return {}

    def on_step_begin(self, iteration: int, trials: Any, **info: Any) -> None:
        """Tune has put a handler of its own in place of ours, for SIGUSR1, that would end it without a word."""
        if iteration <= 1:
            self.watch.interrupt.listen()

    def on_trial_start(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        self.watch.began(self._bundle(trial))

    def on_trial_result(self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **info: Any) -> None:
        self.watch.heard(Report(*result["report"]))

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        self.watch.ended(self._bundle(trial))

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        # Written by this very process a moment ago; Tune moves it to its storage later, where its own reader looks.
        file = trial.pickled_error_file
        error = cloudpickle.loads(Path(file).read_bytes()) if file else None
        self.watch.failed(self._bundle(trial), _failure(error, "report" in trial.last_result))

    def on_step_end(self, iteration: int, trials: Any, **info: Any) -> None:
        for id in self.watch.hanging():
            for trial in trials:
                actor = trial.temporary_state.ray_actor
                if actor and trial.status == "RUNNING" and self._bundle(trial).id == id:
                    ray.kill(actor)  # Tune then finds that it died

    def _bundle(self, trial: Any) -> Bundle:
        return self.bundles[int(trial.config["index"])]


def _failure(error: Exception | None, begun: bool) -> Failure:
    """What Ray's error means. `begun`: whether the worker had said that it is there."""
    text = str(error)
    if isinstance(error, ray.exceptions.RayTaskError):
        return Failure(*error.cause.args) if isinstance(error.cause, Broken) else Failure("error", text)
    if isinstance(error, ray.exceptions.OutOfMemoryError) or "running low on memory" in text:
        return Failure("memory", text)
    if isinstance(error, ray.exceptions.RayActorError):
        elsewhere = "node has died" in text or "node died" in text or error.preempted
        return Failure("lost" if elsewhere or not begun else "died", text)
    return Failure("error", text)


@contextlib.contextmanager
def backend(address: str | None) -> "Iterator[tuple[int, int | None, Run]]":
    """A Ray to run on, an own one or the one at `address`.

    Yields how many bundles run at a time, the free memory in bytes of the smallest GPU (None where bundles run on
    processors), and `run`. Replaces this process's signal handlers, as Ray does.

    Raises ConnectionError when nothing answers at the address, Interrupted when Ray fails while it starts.
    """
    with attached(address):
        with _starting():
            lanes, free = _lanes(), _free()
        yield lanes, free, run


@contextlib.contextmanager
def _starting() -> Iterator[None]:
    """Says what it means that Ray ends, or is asked to end, before it works. Raises Interrupted."""
    try:
        yield
    except SystemExit as error:  # raised by Ray's own handler of SIGTERM, until ours is back
        raise Interrupted from error
    except ray.exceptions.RayError as error:
        raise Interrupted(f"Ray failed while it started ({_last_line(error)})") from error


@contextlib.contextmanager
def attached(address: str | None) -> Iterator[None]:
    """This process as a driver of a Ray of its own, or of the one at `address`. Raises ConnectionError; Interrupted
    when its own does not start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own imports warn of each other's deprecations
        # As by default on macOS and Windows: a Ray that no other machine joins listens on the loopback address alone.
        ray_constants.ENABLE_RAY_CLUSTER = CLUSTERS and address is not None
        if address:
            _greet(address)
        try:
            with _starting():
                ray.init(
                    address=address or "local", include_dashboard=False, log_to_driver=False, logging_level="ERROR"
                )
        except (ConnectionError, RuntimeError) as error:  # RuntimeError: of authentication, and of versions
            if address is None:
                raise Interrupted(f"Ray did not start on this machine ({_last_line(error)})") from error
            raise ConnectionError(
                f"no Ray answers at '{address}' ({error}). Start one with `ray start --head`, check RAY_AUTH_TOKEN, "
                "or leave --address out to run on this machine."
            ) from error
    try:
        yield
    finally:
        ray.shutdown()


def _greet(address: str) -> None:
    """What Ray itself would find out in a minute, and say in other words: that this token is not the cluster's, or this
    machine none of its nodes. Raises ConnectionError."""
    with _head(address) as head:
        members = {id.hex() for id in head.get_all_node_info(timeout=GREET_S)}
    if not _here(members):
        raise ConnectionError(
            f"this machine is no node of the cluster at '{address}', and only nodes can launch. Launch on one, or make "
            f"this machine one that works on nothing: `ray start --address={address} --num-cpus=0 --num-gpus=0`; or "
            "let the cluster launch by itself, with --detach. `status`, `curves`, `verify` and `sync` need no cluster."
        )


@contextlib.contextmanager
def _head(address: str) -> Iterator[GcsClient]:
    """The head of a cluster, to be asked something. Raises ConnectionError where it does not answer."""
    try:
        yield GcsClient(address=services.canonicalize_bootstrap_address_or_die(address))
    except ray.exceptions.AuthenticationError as error:
        raise ConnectionError(
            f"the cluster at '{address}' does not take the token that is used here. Set RAY_AUTH_TOKEN, or "
            "RAY_AUTH_TOKEN_PATH, to the one that its nodes were started with."
        ) from error
    except (ray.exceptions.RayError, RuntimeError) as error:
        raise ConnectionError(f"no Ray of this version answers at '{address}' ({_last_line(error)})") from error


def submit(address: str, job: str, command: str, folder: str, environment: dict[str, str]) -> str:
    """Hands a command, the files that it needs and variables that are no secrets to a cluster, to run on its head.

    Returns the address of the cluster's job server. Raises ConnectionError when it has none, or does not take the job.
    """
    from ray.job_submission import JobSubmissionClient

    logging.getLogger("ray").setLevel(logging.ERROR)  # what it says of packing is nobody's concern
    server = _job_server(address)
    os.environ["RAY_API_SERVER_ADDRESS"] = server  # which Ray prefers to its argument, as it does RAY_ADDRESS
    try:
        client = JobSubmissionClient(server)
        client.submit_job(
            entrypoint=command, submission_id=job, runtime_env={"working_dir": folder, "env_vars": environment}
        )
    except (ray.exceptions.RayError, RuntimeError, OSError) as error:
        raise ConnectionError(f"the job server at {server} did not take the job ({_last_line(error)})") from error
    return server


def _job_server(address: str) -> str:
    """Where a cluster takes jobs, as its head says, or RAY_API_SERVER_ADDRESS. Raises ConnectionError."""
    server = os.environ.get("RAY_API_SERVER_ADDRESS") or _dashboard(address)
    where = urlsplit(server)
    try:
        socket.create_connection((where.hostname or "", where.port or 80), GREET_S).close()
    except OSError as error:
        raise ConnectionError(
            f"the cluster at '{address}' takes no jobs from here: nobody answers at {server} ({error}). {JOBS}"
        ) from error
    return server


def _dashboard(address: str) -> str:
    """Where a head says that its job server is. Raises ConnectionError, also when only the head itself can reach it."""
    with _head(address) as head:
        key, space = ray_constants.DASHBOARD_ADDRESS.encode(), ray_constants.KV_NAMESPACE_DASHBOARD
        found = (head.internal_kv_get(key, space, timeout=GREET_S) or b"").decode()
        nodes = head.get_all_node_info(timeout=GREET_S)
    own = found.startswith(("127.", "localhost", "[::1]"))
    # From elsewhere this address leads to whatever runs here, perhaps another cluster.
    if not found or (own and not _here({id.hex() for id, node in nodes.items() if node.is_head_node})):
        raise ConnectionError(f"the cluster at '{address}' takes no jobs from other machines. {JOBS}")
    return f"http://{found}"


def _here(nodes: set[str]) -> bool:
    """Whether one of these nodes of a cluster is this machine."""
    return bool(nodes & set(services.find_node_ids()))


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


def survey(look: Callable[[], dict[str, str]]) -> list[Node]:
    """What each node offers and answers to `look`, asked all at once; a node has `SURVEY_S` to answer."""
    nodes = [node for node in ray.nodes() if node["Alive"]]
    asked = [ray.remote(num_cpus=0, max_retries=0)(answer).options(
        scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote(look)
        for node in nodes]  # fmt: skip
    end, found = time.monotonic() + SURVEY_S, []
    for node, reference in zip(nodes, asked, strict=True):
        name = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
        try:
            said = ray.get(reference, timeout=max(end - time.monotonic(), 0.1))
            found.append(Node(name, node["Resources"], said))
        except ray.exceptions.RayError as error:
            found.append(Node(name, node["Resources"], error=str(error)))
    return found


def _free() -> int | None:
    """Free bytes of the smallest GPU that Ray offers; None when there is none."""
    gpus = int(ray.cluster_resources().get("GPU", 0))
    asked = [ray.remote(num_gpus=1, num_cpus=0)(free_bytes).remote() for _ in range(gpus)]
    return min((free for free in ray.get(asked) if free is not None), default=None)


def _lanes() -> int:
    found = ray.cluster_resources()
    return max(int(found.get("GPU", 0) or found.get("CPU", 1)), 1)


@contextlib.contextmanager
def crew(kind: type, members: int, cpus: float, gpus: float) -> Iterator[Callable[..., list[Any]]]:
    """`members` actors of `kind` on this machine, with fractions of its cores and GPUs; as `orchestrator.crew`."""
    with backend(None):
        actors = [ray.remote(num_cpus=cpus, num_gpus=gpus)(kind).remote() for _ in range(members)]
        yield lambda method, *arguments: ray.get([getattr(actor, method).remote(*arguments) for actor in actors])


class _StopWhenAsked(tune.Stopper):  # type: ignore[misc]
    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def __getstate__(self) -> dict[str, Any]:
        """See `_Listener.__getstate__`."""
        return {}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        """Tune then stops every worker, and `Worker.cleanup` commits."""
        return self.watch.stop


def run(bundles: Sequence[Bundle], store: Store, watch: Watch) -> None:
    """Runs bundles, telling `watch` what they report and how they fail; stopped by it, every worker commits."""
    resources = {"cpu": 1, "gpu": 1} if ray.cluster_resources().get("GPU") else {"cpu": 1}
    trainable = tune.with_resources(tune.with_parameters(Worker, bundles=list(bundles), store=store), resources)
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
                callbacks=[_Listener(bundles, watch)],
                stop=_StopWhenAsked(watch),
            ),
        )
        with warnings.catch_warnings(), Pulse(_checks(), watch):
            warnings.simplefilter("ignore")
            try:
                tuner.fit()
            except ray.exceptions.RayError as error:  # of Tune's own calls: no worker of ours was asked
                watch.gone = f"the cluster failed ({_last_line(error)})"
        for bundle in bundles:
            if not watch.stop and bundle.id not in watch.done | watch.failures.keys():
                watch.failed(bundle, Failure("lost", "Ray Tune ended without a word of this bundle"))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _checks() -> dict[Check, float]:
    """What may go wrong with the cluster while Ray itself waits for ever or kills this process, and how long it may.
    Only what can be looked at from here: a driver outside of the cluster sees neither sockets nor its head."""
    node = ray._private.worker._global_node
    raylet, head = getattr(node, "raylet_socket_name", None), ray.get_runtime_context().gcs_address
    checks: dict[Check, float] = {}
    if raylet and not _no_raylet(raylet):
        checks[partial(_no_raylet, raylet)] = 0.0
    if head and not _no_head(head):
        checks[partial(_no_head, head)] = patience()
    return {**checks, _no_machine: patience()}


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
