"""The worker: an actor of Ray Tune that runs one bundle after the other."""

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
    """Runs one bundle after the other; a step of Tune is about half a second of work."""

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
        """The reports of half a second, merged into one; the first report only says that the worker runs. Raises
        BundleFailed."""
        done = False
        if self.begun:
            try:
                done = self._some()
            except Exception as error:
                raise BundleFailed(*failure.of(error)) from None
        self.begun = True
        return {"report": tuple(self.report), "done": done}

    def _some(self) -> bool:
        """Works for half a second; returns whether the bundle is done."""
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
        with contextlib.suppress(OSError, InUse):  # nobody waits for it any more; earlier commits stay
            self.running.close()

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Does nothing: checkpoints are in the store. Tune fails reused actors that lack this method."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """See `save_checkpoint`."""
