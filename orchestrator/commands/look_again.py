"""`sweep status` and `sweep curves`: one look at the records, or with --watch one every few seconds."""

from orchestrator.commands import render
from orchestrator.commands.options import WhichStore
from orchestrator.planning.plan import plan
from orchestrator.results import build
from orchestrator.spec.expand import expand
from orchestrator.spec.sweep import Sweep
from orchestrator.terminal.live import repeat
from tracking.records.lease_file import at_work

STATUS_S, CURVES_S = 2.0, 10.0  # between two looks


def status(sweep: Sweep, at: WhichStore, watch: bool, as_json: bool) -> None:
    """Shows the trials by state; watching ends when every trial has ended."""
    trials = expand(sweep)

    def look() -> bool:
        records = at.open()
        found = plan(trials, records, 1)
        render.status(sweep, found, at_work(records.files) if found.to_run else [], as_json)
        return not found.to_run

    repeat(look, STATUS_S if watch else None)


def curves(sweep: Sweep, at: WhichStore, watch: bool, as_json: bool) -> None:
    """Draws the curves and writes the report; watching ends when every trial has ended."""
    trials, records = expand(sweep), at.existing()

    def look() -> bool:
        found = build.gather(sweep, trials, records)
        files, table = build.draw(sweep, trials, found, records)
        report = build.report(sweep, trials, found, records, (files, table), build.judged(sweep, found))
        render.curves(sweep, files, table, report, as_json)
        return not set(found.trials["state"]) & {"missing", "running"}

    repeat(look, CURVES_S if watch else None)
