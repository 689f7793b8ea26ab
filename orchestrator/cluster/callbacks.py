"""What Ray Tune tells of its workers, told to a watch in this project's terms; and what the watch decides."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray
from ray import cloudpickle, tune

from orchestrator.execution.supervisor import Watch
from tracking.common.errors import BundleFailed
from workers.bundle import Bundle, Report
from workers.runtime.failure import Failure


class Listener(tune.Callback):  # type: ignore[misc]  # Ray has no types
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


class StopWhenAsked(tune.Stopper):  # type: ignore[misc]  # Ray has no types
    """Ends all of Tune's trials when the watch says so."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def __getstate__(self) -> dict[str, Any]:
        """See `Listener.__getstate__`."""
        return {}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        """Tune then stops every worker, and `Worker.cleanup` commits."""
        return self.watch.stop


def _failure(error: Exception | None, begun: bool) -> Failure:
    """What Ray's error means. `begun`: whether the worker had said that it is there."""
    text = str(error)
    if isinstance(error, ray.exceptions.RayTaskError):
        return Failure(*error.cause.args) if isinstance(error.cause, BundleFailed) else Failure("error", text)
    if isinstance(error, ray.exceptions.OutOfMemoryError) or "running low on memory" in text:
        return Failure("memory", text)
    if isinstance(error, ray.exceptions.RayActorError):
        elsewhere = "node has died" in text or "node died" in text or error.preempted
        return Failure("lost" if elsewhere or not begun else "died", text)
    return Failure("error", text)
