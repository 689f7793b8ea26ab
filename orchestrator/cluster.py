"""Runs bundles as Ray Tune trials, on this machine or on a cluster. The only file that imports ray.

One Tune trial is one bundle, in actors that are reused. Tune keeps no results: its loggers are off, nothing is
restored from it; the store knows what is done, and a launch gives Tune only what is missing.
"""

import contextlib
import os
import secrets
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

# Ray reads these when it is imported. Tune's own CSV, JSON and TensorBoard files double the time of short trials.
os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

# Only who has the token may run code in Ray. Where the user has none, this process makes one for a Ray of its own.
os.environ.setdefault("RAY_AUTH_MODE", "token")
if not (Path.home() / ".ray/auth_token").exists() and "RAY_AUTH_TOKEN_PATH" not in os.environ:
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))

import ray
from ray import tune

from orchestrator.interrupt import Interrupt
from tracking.store import Store
from workers.work import Bundle, Report, set_threads, work

os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"  # ours, in interrupt.py, also knows SIGTERM

Run = Callable[[Sequence[Bundle], str, Callable[[Report], None], Interrupt], dict[str, str]]
REPORT_S = 0.5  # a bundle reports to the driver about this often


class Worker(tune.Trainable):  # type: ignore[misc]
    """Works on one bundle after the other; a step of Tune is about half a second of work."""

    def setup(self, config: dict[str, Any], bundles: "list[Bundle]", store: str) -> None:
        set_threads()
        self.bundles, self.store = bundles, store
        self.reset_config(config)

    def reset_config(self, config: dict[str, Any]) -> bool:
        bundle = self.bundles[config["index"]]
        device = "cuda" if ray.get_gpu_ids() else "cpu"
        self.running = work(Store(self.store), bundle, device)
        self.report = Report(bundle.id, -1, {}, 0, None)
        return True

    def step(self) -> dict[str, Any]:
        """Reports of half a second, as one."""
        until, whole = time.monotonic() + REPORT_S, self.report._replace(ended={}, visits=0)
        done = True
        for report in self.running:
            whole = report._replace(ended={**whole.ended, **report.ended}, visits=whole.visits + report.visits)
            if time.monotonic() > until:
                done = False
                break
        self.report = whole
        return {"report": tuple(whole), "done": done}

    def cleanup(self) -> None:
        self.running.close()

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Checkpoints are the store's; but Tune fails reused actors that have no such method."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """See `save_checkpoint`."""


class _Listener(tune.Callback):  # type: ignore[misc]
    def __init__(self, handle: Callable[[Report], None]) -> None:
        self.handle = handle

    def __getstate__(self) -> dict[str, Any]:
        """Tune writes its callbacks down to restore an experiment, which is never done here."""
        return {}

    def on_trial_result(self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **info: Any) -> None:
        self.handle(Report(*result["report"]))


@contextlib.contextmanager
def backend(address: str | None) -> "Iterator[tuple[int, Run]]":
    """A Ray to run on, an own one or the one at `address`; yields how many bundles run at a time, and `run`.

    Raises ConnectionError when nothing answers at the address.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own imports warn of each other's deprecations
        try:
            ray.init(address=address or "local", include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        except ConnectionError as error:
            raise ConnectionError(
                f"no Ray answers at '{address}' ({error}). Start one with `ray start --head`, check RAY_AUTH_TOKEN, "
                "or leave --address out to run on this machine."
            ) from error
    try:
        yield _lanes(), run
    finally:
        ray.shutdown()


def _lanes() -> int:
    found = ray.cluster_resources()
    return max(int(found.get("GPU", 0) or found.get("CPU", 1)), 1)


class _StopWhenAsked(tune.Stopper):  # type: ignore[misc]
    def __init__(self, interrupt: Interrupt) -> None:
        self.interrupt = interrupt

    def __getstate__(self) -> dict[str, Any]:
        """See `_Listener.__getstate__`."""
        return {}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        """Tune then stops every worker, and `Worker.cleanup` commits."""
        return self.interrupt.asked


def run(
    bundles: Sequence[Bundle], store: str, handle: Callable[[Report], None], interrupt: Interrupt
) -> dict[str, str]:
    """Runs bundles, reporting to `handle`; returns the error of each bundle that failed, by bundle id.

    An interrupt lets every worker commit what it has.
    """
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
                callbacks=[_Listener(handle)],
                stop=_StopWhenAsked(interrupt),
            ),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = tuner.fit()
        errors = {bundles[r.config["index"]].id: str(r.error) for r in results if r.error}
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return errors
