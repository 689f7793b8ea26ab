"""`sweep status`, `sweep curves` and `sweep verify`: one look at the records, or with --watch one every few seconds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestrator.commands.options import WhichStore
from orchestrator.commands.rendering import render, render_status
from orchestrator.commands.rendering.render_status import Working
from orchestrator.commands.results.recorded import refuse_nothing
from orchestrator.execution.store.keep_sweep import refuse_another_file
from orchestrator.planning.consistency import notes
from orchestrator.planning.measured_at_end import at_the_end
from orchestrator.planning.plan import Plan, compare
from orchestrator.results.build import build
from orchestrator.results.write import write
from orchestrator.spec.expand import expand
from orchestrator.spec.sweep import Sweep
from orchestrator.terminal.console import say
from orchestrator.terminal.live import repeat
from tracking.analysis.row_cache import Reducer, in_this_process
from tracking.records import live_progress
from tracking.records.kept_sweeps.kept_sweep import Launching
from tracking.records.kept_sweeps.sweeps_of_store import KeptSweeps
from tracking.records.leases.lease_file import Claim, at_work
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from tracking.verdicts.finding import Verdict

if TYPE_CHECKING:
    from tracking.plotting.figures import NotDrawn

STATUS_S, CURVES_S = 2.0, 10.0  # between two looks


def status(sweep: Sweep, at: WhichStore, watch: bool, as_json: bool) -> None:
    """Shows the trials by state, and how far the launches at work are; watching ends when nothing is left to do."""
    trials, store = expand(sweep), at.existing()
    end = at_the_end(sweep, trials)
    ledger: Ledger | None = None

    def look() -> bool:
        nonlocal ledger
        ledger = Ledger.read(store, ledger)
        claims = at_work(store.files)
        found = compare(trials, ledger, at_the_end=end).beside(claims)
        working, codes = _working(sweep, found, claims, store), tuple(notes(trials, found.recorded, ledger))
        render_status.status(sweep, found, working, _last(sweep, store), codes, at.root, as_json)
        return not found.work

    repeat(look, STATUS_S if watch else None)


def _working(sweep: Sweep, plan: Plan, at_work: Sequence[Claim], store: Store) -> list[Working]:
    """Of the launches at work those that work on what is left of a sweep, and how far they are."""
    left = frozenset(t.id for t in plan.work)
    mine = [claim for claim in at_work if claim.overlaps(sweep.name, left)] if left else []
    return [Working(claim, live_progress.read(store.files, claim.number)) for claim in mine]


def _last(sweep: Sweep, store: Store) -> Launching | None:
    """The last launch of a sweep with the same profile and changes; None where the store keeps none."""
    kept = KeptSweeps.read(store.files, sweep.name).by_variant.get(sweep.variant)
    return kept.launches[-1] if kept and kept.launches else None


def curves(
    sweep: Sweep, at: WhichStore, address: str | None, watch: bool, full: bool, plot: bool | None, as_json: bool
) -> "tuple[NotDrawn, ...]":
    """Draws the curves and writes the report; watching ends when every trial has ended. Returns what could not be drawn
    in the end. Draws nothing where nothing is recorded: raises Refused, or goes on watching. `address`: of the cluster
    that reads the rows; None is this process."""
    trials, store = expand(sweep), at.existing()
    lost: tuple[NotDrawn, ...] = ()
    refuse_another_file(sweep, store)

    def look() -> bool:
        nonlocal lost
        results = build(sweep, trials, Ledger.read(store), reducer)
        if watch and not results.records:
            say(f"nothing is recorded of {sweep.variant} in '{at.root}' yet")
            return False
        refuse_nothing(results, at.root)
        files = write(results, store)
        render.curves(results, files, full, plot, as_json)
        lost = files.not_drawn
        return not results.unfinished

    with reducing(address, store) as reducer:
        repeat(look, CURVES_S if watch else None)
    return lost


def verdicts(sweep: Sweep, at: WhichStore, address: str | None) -> tuple[Verdict, ...]:
    """Every claim, judged on what is recorded. `address` as for `curves`."""
    trials, store = expand(sweep), at.existing()
    with reducing(address, store) as reducer:
        return build(sweep, trials, Ledger.read(store), reducer).verdicts


@contextmanager
def reducing(address: str | None, store: Store) -> Iterator[Reducer]:
    """What reduces rows: tasks of the cluster at `address`, or this process. Raises as `reduce_tasks.reducing`."""
    if address is None:
        yield in_this_process
        return
    from orchestrator.cluster import reduce_tasks

    with reduce_tasks.reducing(address, store) as reducer:
        yield reducer
