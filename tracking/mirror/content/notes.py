"""What the mirror notes on its runs, in tags that MLflow's pages hide, and what it keeps of each run."""

import sys
from collections.abc import Mapping
from typing import NamedTuple

SENT, MIRRORED, SUPERSEDED = "mlflow.sweep.sent", "mlflow.sweep.mirrored", "mlflow.sweep.superseded"
SHOWN = "mlflow.sweep.shown"  # on the sweep's own run: what it was written from
NAME, TRIAL, LINE = "sweep.name", "sweep.trial_id", "sweep.line"  # by which runs are found again
LINE_PREFIX = "line: "  # what the runs of curves' lines are known by begins so
NOTHING_SENT = "-1"


class Known(NamedTuple):
    """What is kept of each run: of MLflow's own, 50 KB each, 10^5 would fill the memory.

    started, ended: ms since 1970. sent: up to which step the points of a trial are there, -1 when none, what
    `payload.all_sent` says when no more can come; of a line, the digest of its points. mirrored: the digest of all
    that was sent. superseded: whether another run counts in its place, so that it belongs into MLflow's bin.
    """

    id: str
    started: int
    status: str
    ended: int | None
    sent: str
    mirrored: str
    superseded: bool = False

    @staticmethod
    def of(id: str, started: int, status: str, ended: int | None, tags: Mapping[str, str | None]) -> "Known":
        """From what MLflow has of a run; `tags` may lack any."""
        sent = sys.intern(tags.get(SENT) or NOTHING_SENT)
        superseded = tags.get(SUPERSEDED) is not None
        return Known(id, started, sys.intern(status), ended, sent, tags.get(MIRRORED) or "", superseded)


def key(tags: Mapping[str, str | None]) -> str:
    """What a run is known by: its trial's id, its curve's line, "" for the sweep's own."""
    return tags.get(TRIAL) or tags.get(LINE) or ""
