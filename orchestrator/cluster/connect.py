"""Makes this process a driver of Ray: of one of its own, or of the cluster at an address."""

import contextlib
import warnings
from collections.abc import Iterator

import ray
from ray._private import ray_constants, services
from ray._raylet import GcsClient  # type: ignore[attr-defined]  # compiled, without stubs

from orchestrator.planning.resources import cores
from tracking.common.errors import Interrupted

# Ray prints on stdout, where the JSON of a command goes, that a worker has died. Whoever waits for it says so itself.
ray._private.worker._worker_logs_enabled = False
CLUSTERS = ray_constants.ENABLE_RAY_CLUSTER
# Settings of a Ray of this process, which starts workers ahead of any work. Ray ends idle workers beyond the number of
# free cores, and Tune reserves its cores before it starts its actors: in between, Ray would end the workers that it
# started ahead, and then start others.
OWN = {"preload_python_modules": ["orchestrator.cluster.preload"], "kill_idle_workers_interval_ms": 0}
HEAD_S = 10.0  # for the head of a cluster to list its nodes


@contextlib.contextmanager
def attached(address: str | None) -> Iterator[None]:
    """This process as a driver of a Ray of its own, or of the one at `address`. Raises ConnectionError; Interrupted
    when its own does not start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own imports warn of each other's deprecations
        # As by default on macOS and Windows: a Ray that no other machine joins listens on the loopback address alone.
        ray_constants.ENABLE_RAY_CLUSTER = CLUSTERS and address is not None
        if address:
            _check_membership(address)
        try:
            with starting():
                ray.init(
                    address=address or "local",
                    num_cpus=None if address else cores(),  # so that `sweep plan` knows them without starting Ray
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level="ERROR",
                    _system_config=None if address else OWN,
                )
        except (ConnectionError, RuntimeError) as error:  # RuntimeError: of authentication, and of versions
            if address is None:
                raise Interrupted(f"Ray did not start on this machine ({last_line(error)})") from error
            raise ConnectionError(
                f"no Ray answers at '{address}' ({error}). Start one with `ray start --head`, check RAY_AUTH_TOKEN, "
                "or leave --address out to run on this machine."
            ) from error
    try:
        yield
    finally:
        ray.shutdown()


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """Translates failures of Ray while it starts. Raises Interrupted."""
    try:
        yield
    except SystemExit as error:  # raised by Ray's own handler of SIGTERM, until ours is back
        raise Interrupted from error
    except ray.exceptions.RayError as error:
        raise Interrupted(f"Ray failed while it started ({last_line(error)})") from error
    except Exception as error:
        if type(error) is not Exception:
            raise
        # Of no class of its own: raised on a busy machine, where a process of Ray takes more than half a minute.
        raise Interrupted(f"Ray failed while it started ({last_line(error)})") from error


def _check_membership(address: str) -> None:
    """Finds out at once what Ray reports after a minute: that this token is not the cluster's, or that this machine
    is none of its nodes. Raises ConnectionError."""
    with head(address) as client:
        members = {id.hex() for id in client.get_all_node_info(timeout=HEAD_S)}
    if not here(members):
        raise ConnectionError(
            f"this machine is no node of the cluster at '{address}', and only nodes can launch. Launch on one, or make "
            f"this machine one that works on nothing: `ray start --address={address} --num-cpus=0 --num-gpus=0`; or "
            "let the cluster launch by itself, with --detach. `status`, `curves`, `verify` and `sync` need no cluster."
        )


@contextlib.contextmanager
def head(address: str) -> Iterator[GcsClient]:
    """A client of the head of a cluster. Raises ConnectionError where it does not answer."""
    try:
        yield GcsClient(address=services.canonicalize_bootstrap_address_or_die(address))
    except ray.exceptions.AuthenticationError as error:
        raise ConnectionError(
            f"the cluster at '{address}' does not take the token that is used here. Set RAY_AUTH_TOKEN, or "
            "RAY_AUTH_TOKEN_PATH, to the one that its nodes were started with."
        ) from error
    except (ray.exceptions.RayError, RuntimeError) as error:
        raise ConnectionError(f"no Ray of this version answers at '{address}' ({last_line(error)})") from error


def here(nodes: set[str]) -> bool:
    """Whether one of these nodes of a cluster is this machine."""
    return bool(nodes & set(services.find_node_ids()))


def last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
