"""What a trial shows that is run again: a line a step, with what changed, and at its end what was recorded."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from orchestrator.commands.trial.reproduce import last_line
from orchestrator.terminal.console import say
from orchestrator.terminal.stdout import out_json
from orchestrator.terminal.tables import table
from tracking.common.text import number

if TYPE_CHECKING:
    from orchestrator.commands.trial.reproduce import Ended, Reproduced
    from tracking.records.ledger import Ledger
    from tracking.records.manifests.manifest import TrialRecord
    from tracking.records.rows import Outcome, Progress


class Steps:
    """The steps of one trial. Numbers of whole networks are shown, not those of layers; one without a split, such as
    the number of parameters, only where it changes."""

    def __init__(self) -> None:
        self.step, self.last = -1, dict[str, float]()

    def show(self, progress: "Progress") -> None:
        """One line for one step."""
        values = {" ".join(filter(None, row[2:4])): row.value for row in progress.rows if not row.layer}
        split = {" ".join(filter(None, row[2:4])) for row in progress.rows if row.split}
        shown = [name for name, value in values.items() if name in split or self.last.get(name) != value]
        ended = [f"{outcome.state}: {outcome.reason}" for outcome in progress.ended.values()]
        say(f"step {progress.step}: " + ", ".join([*(f"{name} {values[name]:.5g}" for name in shown), *ended]))
        self.step, self.last = progress.step, self.last | values

    def compare(self, ledger: "Ledger", one: "TrialRecord") -> None:
        """What is recorded of the step that was shown last, and where it differs."""
        rows = ledger.rows([one]).to_pandas()
        rows = rows[(rows["step"] == self.step) & (rows["layer"] == "")]
        names = [" ".join(filter(None, pair)) for pair in zip(rows["split"], rows["measure"], strict=True)]
        recorded = {name: value for name, value in zip(names, rows["value"], strict=True) if name in self.last}
        if not recorded:
            return say(f"recorded: nothing of step {self.step}")
        differ = [name for name, value in recorded.items() if value != self.last[name]]
        say(f"recorded of step {self.step}: " + (_listed(recorded, differ) if differ else "the same numbers"))


def _listed(recorded: dict[str, float], names: Iterable[str]) -> str:
    return ", ".join(f"{name} {number(recorded[name])}" for name in names)


def reproduced(one: "TrialRecord", found: "Reproduced", as_json: bool) -> None:
    """What came out differently: measure by measure, and how the trial ended."""
    if as_json:
        ended: dict[str, object] = {"finding": found.ended.finding}
        ended |= {"recorded": found.ended.recorded._asdict(), "again": found.ended.again._asdict()}
        measures = [{**c.__dict__, "finding": c.finding} for c in found.measures]
        return out_json({"trial": one.id, "ended": ended, "measures": measures})
    header = ["measure", "finding", "rows", "equal to the bit", "missing", "added", "largest relative",
              "largest absolute"]  # fmt: skip
    lines = [
        (c.measure, c.finding, c.rows, c.equal, c.missing, c.added, c.largest_relative, c.largest_absolute)
        for c in found.measures
    ]
    code = one.provenance.code
    table(f"trial {one.id}, recorded by {code.commit if code and code.commit else 'unknown code'}", header, lines)
    say(f"ended    {_ended(found.ended)}")


def _ended(ended: "Ended") -> str:
    recorded, again = _outcome(ended.recorded), _outcome(ended.again)
    return f"identical: {again}" if ended.finding == "identical" else f"{ended.finding}: {recorded}; again: {again}"


def _outcome(outcome: "Outcome") -> str:
    return f"{outcome.state} at step {outcome.step} ({last_line(outcome)})"
