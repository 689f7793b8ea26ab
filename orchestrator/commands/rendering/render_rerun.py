"""What a trial shows that is run again: a line a step, with what changed, and at its end what was recorded."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from orchestrator.terminal.console import say
from tracking.common.text import number

if TYPE_CHECKING:
    from tracking.records.ledger import Ledger
    from tracking.records.manifests.manifest import TrialRecord
    from tracking.records.rows import Progress


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
