"""Watches a launch: takes in what bundles report and how they fail, and says when to stop and which of them hang."""

import os
import statistics
import time
from collections.abc import Callable
from typing import Protocol

from orchestrator.execution.signals import Interrupt
from orchestrator.planning.estimate import ROUGH
from orchestrator.planning.pack import cost
from orchestrator.terminal.console import say
from workers.bundle import Bundle, Report
from workers.runtime.failure import Failure

HANG_S = 120.0  # without a report, at least, before a bundle is taken to hang; $SWEEP_HANG_S changes it
PATIENCE = 10  # times the usual time between its reports, and the whole time that it should take
FIRST = 3  # bundles that fail by an exception before any has done anything stop the launch
MANY, SHARE = 10, 0.05  # trials that failed alone stop it, too: more than MANY, and than this share of the sweep


class Lost(Protocol):
    """Whether something that is needed to go on has been lost."""

    lost: bool


class Watch:
    """The ear of one launch. Backends tell it what happens and ask `stop` and `hanging`."""

    def __init__(self, trials: int, view: Callable[[Report], None], interrupt: Interrupt, lease: Lost) -> None:
        self.view, self.interrupt, self.lease = view, interrupt, lease
        self.limit = max(MANY, SHARE * trials)
        self.failures: dict[str, Failure] = {}  # of the bundles that ran last, by bundle id
        self.done: set[str] = set()
        self.damaged: list[str] = []
        self.gone = ""  # what happened to the cluster
        self.fatal: Failure | None = None
        self.many = ""  # why so many failures stop the launch
        self.silences: dict[str, _Silence] = {}
        self.patience: dict[str, int] = {}  # bundle -> factor, which grows each time that it was taken to hang
        self.at_once = self.alone = 0
        self.worked = False  # whether any bundle has done anything
        self.counted: set[str] = set()  # trials that have ended, some of them twice: what was not committed is redone

    @property
    def stop(self) -> bool:
        """Whether the backend should stop its workers and return."""
        return bool(self.interrupt.asked or self.fatal or self.many or self.gone or self.lease.lost)

    def began(self, bundle: Bundle) -> None:
        """A worker begins, or goes on, with a bundle."""
        estimate = sum(cost(t) for t in bundle.trials) / ROUGH
        self.silences[bundle.id] = _Silence(estimate, self.patience.get(bundle.id, 1))

    def heard(self, report: Report) -> None:
        """A bundle reports."""
        if report.bundle in self.silences:
            self.silences[report.bundle].broken(time.monotonic())
        for text in report.damaged:
            say(f"damaged: {text}; it was set aside, and the work is done again")
        self.damaged += report.damaged
        self.worked |= bool(report.ended) or (report.step > 0 and not report.damaged)  # step 0 is before any training
        self.view(report._replace(ended={t: s for t, s in report.ended.items() if t not in self.counted}))
        self.counted |= report.ended.keys()

    def failed(self, bundle: Bundle, failure: Failure) -> None:
        """A bundle failed as a whole."""
        self.silences.pop(bundle.id, None)
        self.failures[bundle.id] = failure
        if failure.kind in ("storage", "lease"):
            self.fatal = self.fatal or failure
        self.at_once += failure.kind == "error" and not self.worked
        self.alone += failure.kind in ("error", "memory") and len(bundle.trials) == 1
        if not self.worked and self.at_once >= FIRST:
            self.many = f"the first {self.at_once} bundles failed before they had done anything: {failure.line}"
        elif self.alone > self.limit:
            self.many = f"{self.alone} trials failed, the last with: {failure.line}"

    def given_up(self, bundle: Bundle, failure: Failure) -> None:
        """What had not ended of a bundle is recorded as failed."""
        failed = {t.id: "failed" for t in bundle.trials if t.id not in self.counted}
        self.view(Report(bundle.id, -1, failed, 0, error=failure.line))
        self.counted |= failed.keys()

    def ended(self, bundle: Bundle) -> None:
        """A bundle is done."""
        self.silences.pop(bundle.id, None)
        self.done.add(bundle.id)

    def hanging(self) -> list[str]:
        """Bundles that have not reported for so long that their workers should be ended; each is named once."""
        now = time.monotonic()
        found = [id for id, silence in self.silences.items() if silence.too_long(now)]
        for id in found:
            say(f"bundle {id} has not reported for {self.silences.pop(id).allowed():.0f} s: its worker is ended")
            self.patience[id] = 4 * self.patience.get(id, 1)
        return found

    def again(self) -> None:
        """Forgets the failures of the last round."""
        self.failures, self.silences = {}, {}


class _Silence:
    """How long a bundle may say nothing: at least HANG_S, PATIENCE times its usual pause, and PATIENCE times all that
    it should take, since experiments may work long on one trial and say nothing meanwhile."""

    def __init__(self, estimate_s: float, factor: int) -> None:
        self.least = factor * max(float(os.environ.get("SWEEP_HANG_S", HANG_S)), PATIENCE * estimate_s)
        self.last, self.pauses = time.monotonic(), list[float]()

    def broken(self, now: float) -> None:
        self.pauses.append(now - self.last)
        self.last = now

    def allowed(self) -> float:
        return max(self.least, PATIENCE * statistics.median(self.pauses)) if self.pauses else self.least

    def too_long(self, now: float) -> bool:
        return now - self.last > self.allowed()
