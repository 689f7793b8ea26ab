"""Supervises a launch: collects what bundles report and how they fail, and decides when the launch must stop."""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from orchestrator.execution.hang_detection import HangDetector
from orchestrator.execution.signals import StopSignals
from orchestrator.planning.bundling import costs
from orchestrator.planning.estimate import ROUGH_RATE
from tracking.common.text import count_of
from workers.bundle import Bundle, Report
from workers.runtime.failure import Failure

LOG = logging.getLogger(__name__)

FIRST_FAILURES = 3  # bundles that fail by an exception before any has done anything stop the launch
# Trials that fail alone stop the launch, too: more than FAILED_TRIALS, and than FAILED_SHARE of the sweep.
FAILED_TRIALS, FAILED_SHARE = 10, 0.05


class Losable(Protocol):
    """The lease of the launch: whether another launch has taken it over."""

    lost: bool


class Supervisor:
    """One launch. Backends call it with what happens to bundles, and ask `should_stop` and `hanging_bundles`."""

    def __init__(
        self, trials: int, observe: Callable[[Report], None], signals: StopSignals, lease: Losable,
        hangs: HangDetector | None = None,
    ) -> None:  # fmt: skip
        self.observe, self.signals, self.lease = observe, signals, lease
        self.hangs = hangs or HangDetector()
        self.failure_limit = max(FAILED_TRIALS, FAILED_SHARE * trials)
        self.failures: dict[str, Failure] = {}  # of this round, by bundle
        self.bundles: set[str] = set()  # of all rounds
        self.ended_bundles: set[str] = set()
        self.damaged: list[str] = []  # files that were set aside, with the reason
        self.cluster_lost = ""  # the reason, "" while the cluster is there
        self.fatal: Failure | None = None  # of the store or of the lease
        self.too_many_failures = ""  # the reason to stop, "" if there is none
        self.first_failures = self.failed_alone = 0
        self.any_work_done = False
        self.counted: set[str] = set()  # trials that have ended; what was not committed is done, and reported, twice

    @property
    def should_stop(self) -> bool:
        """Whether the backend should stop its workers and return."""
        reasons = (self.signals.received, self.fatal, self.too_many_failures, self.cluster_lost, self.lease.lost)
        return any(reasons)

    def bundle_started(self, bundle: Bundle) -> None:
        """A worker starts, or goes on with, a bundle."""
        self.hangs.started(bundle.id, sum(costs(bundle.trials).values()) / ROUGH_RATE)

    def bundle_reported(self, report: Report) -> None:
        """A bundle has reported."""
        self.hangs.reported(report.bundle)
        for text in report.damaged:
            LOG.warning("damaged: %s; it was set aside, and the work is done again", text)
        self.damaged += report.damaged
        self.any_work_done |= bool(report.ended) or (report.step > 0 and not report.damaged)  # step 0: no training yet
        self.observe(report._replace(ended={t: s for t, s in report.ended.items() if t not in self.counted}))
        self.counted |= report.ended.keys()

    def bundle_failed(self, bundle: Bundle, failure: Failure) -> None:
        """A bundle has failed as a whole."""
        self.hangs.ended(bundle.id)
        self.failures[bundle.id] = failure
        if failure.kind in ("storage", "lease"):
            self.fatal = self.fatal or failure
        self.first_failures += failure.kind == "error" and not self.any_work_done
        self.failed_alone += failure.kind in ("error", "memory") and len(bundle.trials) == 1
        if not self.any_work_done and self.first_failures >= FIRST_FAILURES:
            first = count_of(self.first_failures, "bundle")
            self.too_many_failures = f"the first {first} failed before they had done anything: {failure.line}"
        elif self.failed_alone > self.failure_limit:
            self.too_many_failures = f"{count_of(self.failed_alone, 'trial')} failed, the last with: {failure.line}"

    def bundle_given_up(self, bundle: Bundle, failure: Failure) -> None:
        """The unfinished trials of a bundle have been recorded as failed."""
        failed = {t.id: "failed" for t in bundle.trials if t.id not in self.counted}
        self.observe(Report(bundle.id, -1, failed, 0, error=failure.line))
        self.counted |= failed.keys()

    def bundle_ended(self, bundle: Bundle) -> None:
        """A bundle has done all of its work."""
        self.hangs.ended(bundle.id)
        self.ended_bundles.add(bundle.id)

    def hanging_bundles(self) -> list[str]:
        """Bundles whose workers should be killed, since they do not report; each is named once."""
        found = self.hangs.hanging()
        for id, seconds in found.items():
            LOG.warning("bundle %s has not reported for %.0f s: its worker is ended", id, seconds)
        return list(found)

    def next_round(self, bundles: Sequence[Bundle]) -> None:
        """Bundles are about to run: the failures of the last round are forgotten."""
        self.failures = {}
        self.bundles |= {bundle.id for bundle in bundles}
        self.hangs.clear()
