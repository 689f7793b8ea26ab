"""A worker: an actor of Ray Tune that works on one bundle after the other."""

import contextlib
import time
from typing import Any

import ray
from ray import tune

from tracking.common.errors import BundleFailed, InUse
from tracking.records.store import Store
from workers.bundle import Bundle, Report
from workers.run_bundle import set_threads, work
from workers.runtime import failure

REPORT_S = 0.5  # a bundle reports to the driver about this often


class Worker(tune.Trainable):
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
        """Reports of half a second, as one; the first time only that the worker is there. Raises BundleFailed."""
        done = False
        if self.begun:
            try:
                done = self._some()
            except Exception as error:
                raise BundleFailed(*failure.of(error)) from None
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
