"""`sweep launch --detach`: runs the launcher as a job on the head of a cluster, with the same options.

The job gets the command, the sweep file and the Python files beside it. It gets no secrets, since whoever may use the
cluster can read a job's command: tokens, keys and passwords are taken from the environment in which the head was
started.
"""

import os
import secrets
import shlex
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from orchestrator.execution import preflight
from orchestrator.execution.store import keep_sweep
from orchestrator.launch.options import Options
from orchestrator.spec.expand import expand
from orchestrator.spec.sweep import Sweep
from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json
from tracking.common.errors import Refused
from tracking.common.hide_passwords import public

STOP_S = 120  # for every bundle to commit, once the job is asked to stop; Ray's own patience is 3 s


@dataclass(frozen=True)
class Detached:
    """A job's name, and the commands that follow it, print its log, and stop it."""

    job: str
    follow: str
    log: str
    stop: str


def submit(sweep: Sweep, options: Options) -> Detached:
    """Hands a launch to the cluster at `options.address` and returns at once.

    Raises Refused for options that cannot travel, ConnectionError when the cluster does not take the job.
    """
    options = _absolute(options)
    _refuse(options)
    expand(sweep)  # mistakes in it are reported here, not in the log of a job
    preflight.check_address(str(options.address))
    from orchestrator.cluster.jobs import submit

    job = f"{sweep.name}-{secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory(prefix="sweep-job-") as folder:
        write(sweep, Path(folder))
        environment = {"RAY_JOB_STOP_WAIT_TIME_S": str(STOP_S), keep_sweep.FILE: sweep.file}
        server = submit(str(options.address), job, shlex.join(command(sweep, options)), folder, environment)
    follow = ("sweep", "status", *sweep.asked, "--store", options.store, "--watch")
    ray = "RAY_AUTH_MODE=token ray" if preflight.token_required() else "ray"  # which sends no token unless told to
    log, stop = (f"{ray} job {what} {job} --address {server}" for what in ("logs --follow", "stop"))
    return Detached(job, shlex.join(follow), log, stop)


def write(sweep: Sweep, folder: Path) -> None:
    """Writes the files of a job, from which it reads the same sweep."""
    (folder / f"{sweep.name}.yaml").write_text(sweep.written, "utf-8")
    sweep.files.write(folder)


def tell(found: Detached, as_json: bool) -> None:
    """Prints the job and the commands that follow and stop it."""
    if as_json:
        return out_json(asdict(found))
    say(f"job      {found.job}, which goes on without this terminal")
    say(f"follow   {found.follow}")
    say(f"log      {found.log}")
    say(f"stop     {found.stop}")


def command(sweep: Sweep, options: Options) -> list[str]:
    """The command of the job: the same launch, of the copied file, on the cluster of the head."""
    asked = [
        "sweep",
        "launch",
        f"{sweep.name}.yaml",
        *sweep.changes.arguments(),
        "--address",
        "auto",
        "--store",
        options.store,
    ]
    asked += ["--tracking-uri", options.tracking_uri] if options.tracking_uri else []
    asked += ["--retry-failed"] if options.retry_failed else []
    return asked + (["--limit", str(options.limit)] if options.limit is not None else [])


def _absolute(options: Options) -> Options:
    """The options with an absolute path of the store, and with MLflow's address from this environment."""
    store = options.store if "://" in options.store else str(Path(options.store).absolute())
    return replace(options, store=store, tracking_uri=options.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI"))


def _refuse(options: Options) -> None:
    if options.local:
        raise Refused("--detach hands the launch to a cluster, and --local (or --debug) keeps it here; leave one out")
    if not options.address:
        raise Refused("--detach needs a cluster that goes on without you: give --address host:6379, or RAY_ADDRESS")
    given = options.tracking_uri
    if given and public(given) != given:
        raise Refused(
            f"--tracking-uri {public(given)} has a password in it, which everybody who may ask the cluster for its "
            "jobs could read. Leave it out of the address, and set it where the head is started: "
            "MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD"
        )
