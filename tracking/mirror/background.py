"""A mirror that keeps up by itself: a thread that reads the records and writes MLflow, and never holds up training.

It takes nothing from those who train: what it shows is what is committed, whoever committed it.
"""

import logging
import os
import threading
import time
from collections.abc import Collection, Mapping
from typing import NamedTuple

from tracking.common.errors import InUse, SweepError
from tracking.common.hide_passwords import hide
from tracking.mirror import tracking_uri as place
from tracking.mirror.content.payload import Parent, SweepInfo
from tracking.mirror.reaching import stays
from tracking.mirror.sync import prepare, sync
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord

LOG = logging.getLogger(__name__)
THREAD = "mlflow-mirror"
LONGEST_WAIT_S = 60.0
SHARE = 0.1  # of the time at most is spent mirroring while training goes on: in one process they share a core


class Lag(NamedTuple):
    """How far MLflow is behind the records: trials not yet as recorded, seconds since all were, and why."""

    trials: int
    seconds: float
    error: str


class Mirror:
    """Mirrors these trials of a sweep about every `every` seconds until it is closed. `ledger`: what is recorded of
    them at the beginning. `working`: whether what is not done is being worked on; only then is the store read again."""

    def __init__(
        self, sweep: SweepInfo, trials: Collection[str], ledger: Ledger, tracking_uri: str, every: float = 5.0,
        working: bool = True,
    ) -> None:  # fmt: skip
        self.sweep, self.trials = sweep, set(trials)
        self._ledger, self._shown_once = ledger, False
        self._follow = working  # whether the records change
        self._final: Ledger | None = None  # the records at the end of the work
        self.tracking_uri, self.every = tracking_uri, every
        self._working = self._working_shown = working
        self._database: tuple[int, int] | None = None
        self._held: int | None = None
        self._parent: Parent | None = None
        self._parent_shown: Parent | None = None
        self._shown: dict[str, int] = {}  # a number for each trial as it was shown: 10^5 of them are no burden
        self._behind, self._error, self._failures, self._took, self._level = 0, "", 0, 0.0, time.monotonic()
        self._answered = False  # whether a round has ended
        self._stays = False  # whether the last round failed by what only somebody can mend
        self._closing, self._stop, self._wake = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
        self._thread.start()

    def offer(self, parent: Parent, ledger: Ledger) -> None:
        """What the sweep's own run shall show from the next round on, and the records at the end of the work, after
        which the store is not read any more."""
        self._final, self._parent = ledger, parent

    def lag(self) -> Lag:
        """How far behind MLflow was at the last round. Cheap: nothing is asked of the server."""
        if not self._answered:
            return Lag(len(self.trials), time.monotonic() - self._level, "MLflow has not answered yet")
        level = not self._behind and not self._error
        return Lag(self._behind, 0.0 if level else time.monotonic() - self._level, self._error)

    def close(self, timeout: float = 60.0, interrupted: bool = False) -> Lag:
        """Mirrors what is recorded by now, trying again for `timeout` seconds where that may help, and says what is
        still missing. After an interruption what is not done is shown as killed: nobody works on it any more."""
        self._working = self._working and not interrupted
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout)
        late = self._thread.is_alive()  # in a round that began before: what was found last is not what is recorded
        self._stop.set()
        self._wake.set()
        lag = self.lag()
        if not late or lag.trials or lag.error:
            return lag
        left = len(self.trials - self._shown.keys())
        return Lag(left, time.monotonic() - self._level, f"MLflow has not answered for {timeout:.0f} s")

    def _run(self) -> None:
        while not self._stop.is_set():
            last = self._closing.is_set()
            self._round()
            self._answered = True
            if last and (self._stays or not (self._behind or self._error)):
                break
            self._wake.wait(self._pause())
            self._wake.clear()
        self._release()

    def _pause(self) -> float:
        """Seconds to the next round: longer after a slow one, twice as long after each that failed."""
        if self._closing.is_set():
            return 1.0
        return min(LONGEST_WAIT_S, max(self.every, self._took / SHARE) * 2.0**self._failures)

    def _round(self) -> None:
        """One sync, if anything is new. Whatever goes wrong is kept for `lag`: training is never stopped by it."""
        try:
            parent, working = self._parent, self._working
            ledger = self._newest()
            recorded = ledger.of(self.trials)
            self._look_at_database()
            self._behind = self._not_shown(recorded)
            prepare(self.tracking_uri)
            self._look_at_database()
            self._behind = self._not_shown(recorded)
            new = parent is not self._parent_shown or working != self._working_shown
            if self._behind or self._error or new:
                self._sync(ledger, recorded, parent, working)
            self._failures, self._level, self._stays = 0, time.monotonic(), False
        except InUse:  # the launch was taken over; whoever did so shows the sweep
            self._behind, self._error = 0, ""
            self._stop.set()
        except Exception as error:
            self._failures = min(self._failures + 1, 10)
            said, self._error = self._error, hide(_text(error), self.tracking_uri)
            self._stays = stays(error)
            if self._stays and self._error != said and not self._closing.is_set():
                LOG.warning("note     %s; trials are recorded without it", self._error)

    def _not_shown(self, recorded: Mapping[str, TrialRecord]) -> int:
        return sum(self._shown.get(t) != _number(found) for t, found in recorded.items())

    def _newest(self) -> Ledger:
        """The records as they are now; the first time those that the mirror was begun with."""
        if self._final:
            return self._final
        if self._follow and self._shown_once:
            self._ledger = Ledger.read(self._ledger.store, self._ledger)
        self._shown_once = True
        return self._ledger

    def _look_at_database(self) -> None:
        """Somebody may have deleted it: then nothing is shown any more."""
        now = place.identity(self.tracking_uri)
        if self._database not in (None, now):
            self._shown, self._parent_shown = {}, None
        if now != self._database:
            self._release()
            self._held = place.hold(self.tracking_uri)
        self._database = now

    def _release(self) -> None:
        if self._held is not None:
            os.close(self._held)
        self._held = None

    def _sync(self, ledger: Ledger, recorded: dict[str, TrialRecord], parent: Parent | None, working: bool) -> None:
        start, at_work = time.monotonic(), None if working else ()
        report = sync(self.sweep, recorded.values(), ledger, self.tracking_uri, parent, at_work)
        self._working_shown = working
        self._shown = {t: _number(found) for t, found in recorded.items() if t not in report.behind}
        self._parent_shown, self._took = parent, time.monotonic() - start
        self._behind, self._error = len(report.behind), "; ".join(report.problems)


def _text(error: Exception) -> str:
    """What happened: the message of an error of this program, which says it in full, and the kind of another one."""
    return str(error) if isinstance(error, SweepError) else f"{type(error).__name__}: {error}"


def _number(found: TrialRecord) -> int:
    """Another one as soon as anything has been committed of a trial."""
    return hash((found.bundle, found.state, found.step, found.reason, found.started_ms, found.clock[-1:], found.beside))
