"""Translates what Ray Tune reports of its workers for the supervisor, and carries out what the supervisor decides."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray
from ray import cloudpickle, tune
from ray.tune.experiment import Trial

from orchestrator.execution.supervisor import Supervisor
from tracking.common.errors import BundleFailed
from workers.bundle import Bundle, Report
from workers.runtime.failure import Failure


class SupervisorCallback(tune.Callback):
    """Tells the supervisor what happens, and kills the workers of bundles that hang."""

    def __init__(self, bundles: Sequence[Bundle], supervisor: Supervisor) -> None:
        self.bundles, self.supervisor = bundles, supervisor

    def __getstate__(self) -> dict[str, Any]:
        """Tune saves its callbacks to restore an experiment, which is never done here."""
        return {}

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Tune has replaced the handler of SIGUSR1 by its own, which would end it without a message."""
        if iteration <= 1:
            self.supervisor.signals.install()

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        self.supervisor.bundle_started(self._bundle(trial))

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        self.supervisor.bundle_reported(Report(*result["report"]))

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        self.supervisor.bundle_ended(self._bundle(trial))

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        # This process has just written the file; Tune moves it to its storage later, where Tune's own reader looks.
        file = trial.pickled_error_file
        error = cloudpickle.loads(Path(file).read_bytes()) if file else None
        self.supervisor.bundle_failed(self._bundle(trial), _failure(error, "report" in trial.last_result))

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        for id in self.supervisor.hanging_bundles():
            for trial in trials:
                actor = trial.temporary_state.ray_actor
                if actor and trial.status == "RUNNING" and self._bundle(trial).id == id:
                    ray.kill(actor)  # Tune then finds that it died

    def _bundle(self, trial: Trial) -> Bundle:
        return self.bundles[int(trial.config["index"])]


class StopWhenAsked(tune.Stopper):
    """Ends all of Tune's trials when the supervisor says so."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor

    def __getstate__(self) -> dict[str, Any]:
        """See `SupervisorCallback.__getstate__`."""
        return {}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        """Tune then stops every worker, and `Worker.cleanup` commits."""
        return self.supervisor.should_stop


def _failure(error: Exception | None, begun: bool) -> Failure:
    """What Ray's error means. `begun`: whether the worker had reported that it runs."""
    text = str(error)
    if isinstance(error, ray.exceptions.RayTaskError):
        return Failure(*error.cause.args) if isinstance(error.cause, BundleFailed) else Failure("error", text)
    if isinstance(error, ray.exceptions.OutOfMemoryError) or "running low on memory" in text:
        return Failure("memory", text)
    if isinstance(error, ray.exceptions.RayActorError):
        elsewhere = "node has died" in text or "node died" in text or error.preempted
        return Failure("lost" if elsewhere or not begun else "died", text)
    return Failure("error", text)
