"""Prints how far a sweep is: trials by state, and what the launches that work on it say of themselves."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.commands.launch_command import launch_command
from orchestrator.commands.rendering.render import failures, to_measure
from orchestrator.planning.lacking import sentences
from orchestrator.planning.plan import Plan
from orchestrator.spec.sweep import Sweep
from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json
from orchestrator.terminal.tables import table
from tracking.common.text import count_of, date_and_time, duration
from tracking.records.kept_sweeps.kept_sweep import DONE, Launching
from tracking.records.leases.lease_file import INTERRUPTED, Claim
from tracking.records.live_progress import LiveProgress, RunningBundle

HEADER = ["at work", "models", "epoch", "train error"]
SHOWN = 8  # running bundles


@dataclass(frozen=True)
class Working:
    """A launch that lives, and how far it says that it is; None where it has said nothing."""

    claim: Claim
    progress: LiveProgress | None

    def plain(self) -> dict[str, object]:
        """For --json."""
        about: dict[str, object] = {"launch": str(self.claim), "sweep": self.claim.sweep}
        return {**about, **(self.progress.model_dump(mode="json") if self.progress else {})}


def status(
    sweep: Sweep,
    plan: Plan,
    working: Sequence[Working],
    last: Launching | None,
    notes: Sequence[str],
    store: str,
    as_json: bool,
) -> None:
    """Trials by state; they add up to the sweep's number. working: the launches that work on trials of the sweep.
    last: its last launch, None where that is not known. notes: on where the records come from. store: as it was
    given."""
    states = dict(sorted(plan.states.items()))
    if as_json:
        found = {
            "sweep": sweep.name, "variant": sweep.variant, "trials": {"total": len(plan.trials), **states},
            "to_measure": to_measure(plan), "damaged": list(plan.damaged), "notes": list(notes),
            "at_work": [str(one.claim) for one in working], "launches": [one.plain() for one in working],
            "last_launch": last and {
                "started_ms": last.started_ms, "outcome": last.outcome if working else last.end,
            },
        }  # fmt: skip
        return out_json(found)
    table(sweep.title, ["state", "trials"], [*states.items(), ("total", len(plan.trials))])
    _commits(plan)
    if plan.work:
        who = "; ".join(str(one.claim) for one in working)
        say(f"at work  {who}" if who else _nobody(sweep, last, store))
    for one in working:
        _progress(one)
    for line in sentences(plan.lacks, plan.why_lacking):
        say(line)
    failures(plan.failed, store)
    for line in plan.damaged:
        say(f"damaged: {line}")
    for line in notes:
        say(f"note: {line}")


def _nobody(sweep: Sweep, last: Launching | None, store: str) -> str:
    """That no launch works on what is left, how the last one ended, and what goes on with it."""
    launch = f"`{launch_command(sweep, store)}`"
    if last is None or last.end == DONE:
        return f"nobody is at work: {launch} runs what is left"
    when = date_and_time(last.started_ms)
    return f"nobody is at work, the last launch, of {when}, ended early ({last.end}): {launch} goes on with it"


def _commits(plan: Plan) -> None:
    """How far the commits of unfinished trials are."""
    running = {id: r for id, r in plan.recorded.items() if r.state == "running"}
    for word, ids in (("running", running.keys() - plan.interrupted), (INTERRUPTED, plan.interrupted)):
        if begun := [running[id] for id in ids]:
            steps, last = [r.step for r in begun], max(r.clock[-1][1] if r.clock else r.started_ms for r in begun)
            say(f"{word:8} {_range(steps)}; last commit {_ago(last)} ago")


def _range(steps: Sequence[int]) -> str:
    low, high = min(steps), max(steps)
    return f"steps {low} to {high}" if low < high else f"step {low}"


def _progress(one: Working) -> None:
    """What the live view of this launch shows."""
    if not (now := one.progress):
        return say(f"         process {one.claim.pid} has not said yet how far it is")
    if now.running:
        table("", HEADER, [_row(bundle) for bundle in now.running[:SHOWN]])
    if len(now.running) > SHOWN:
        say(f"and {count_of(len(now.running) - SHOWN, 'more bundle')}")
    say(f"launch   {now.done:.0%}, {now.summary}; as of {_ago(now.at_ms)} ago")


def _row(bundle: RunningBundle) -> tuple[str, ...]:
    error = "" if bundle.train_error is None else f"{bundle.train_error:.3f}"
    step = f"{bundle.step}/{bundle.steps}" if bundle.step >= 0 else "starting"
    return bundle.which, str(bundle.models), step, error


def _ago(ms: int) -> str:
    return duration(max(time.time() - ms / 1000, 0.0))
