"""A sweep: the grids of its trials, what is measured, drawn and judged."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.spec.grids.axes import alike
from orchestrator.spec.grids.grid import Grid
from orchestrator.spec.grids.written_values import WrittenValues
from orchestrator.spec.variant import Changes
from orchestrator.spec.yaml_source import Source
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.common import html
from tracking.common.flatten import flat
from tracking.common.named_files.user_files import UserFiles
from tracking.plotting.kinds.claim_plot import ClaimPlot
from tracking.plotting.kinds.panels import Panel
from tracking.plotting.kinds.surfaces import Surface
from tracking.records.command_lines import command
from tracking.records.layout import DEFAULT_STORE
from tracking.verdicts.claim import Claim
from workers.trial import digest


@dataclass(frozen=True)
class Sweep:
    """A sweep file that was read and checked, with one profile and all overrides applied.

    Its trials are those of all grids; there is one grid where the file has no `grids`. variant: its name with
    profile and overrides, which names its results. path: of the file, as given. file: its absolute path, "" of a sweep
    that comes with this program. written: the file as it was written. asked: the arguments of a command that reads it
    in the same way. changes: what was put over the file. files: the Python files beside it, in which its
    names are looked up besides this program's.
    """

    name: str
    variant: str
    path: str
    file: str
    title: str
    source: str
    notes: str
    experiment: str
    grids: list[Grid]
    written_values: WrittenValues
    measure: list[str] | None
    curves: list[Curve]
    heatmaps: list[Heatmap]
    panels: list[Panel]
    surfaces: list[Surface]
    claim_plots: list[ClaimPlot]
    claims: list[Claim]
    profiles: tuple[str, ...]
    text: Source
    written: str
    asked: tuple[str, ...]
    changes: Changes
    files: UserFiles

    @functools.cached_property
    def digest(self) -> str:
        """Content hash of what is run, drawn and judged: equal for equal content, however it is written."""
        plain = [c.model_dump(mode="json") for c in (*self.curves, *self.claims)]
        grids = [grid.content() for grid in self.grids]
        trials = grids[0] if len(grids) == 1 else [grids]
        return digest({"sweep": alike([self.experiment, *trials, self.measure, plain])})

    def command(self, verb: str, store: str = DEFAULT_STORE, words: Sequence[str] = ()) -> str:
        """The command that does this with the sweep, to be pasted into a shell; `words`: further options."""
        return command(verb, *self.asked, *words, store=store)

    def __str__(self) -> str:
        lines = (f"{what} {name}: {said}" for name, what, said in self._content())
        return "\n".join([f"{self.variant}: {self.title}", *lines])

    def _repr_html_(self) -> str:
        lines = html.table(("", "", ""), self._content())
        return html.titled(f"{self.variant}: {self.title}", html.line(self.source), lines)

    def _content(self) -> list[tuple[str, str, str]]:
        """What varies, what is fixed, what is drawn and judged: names, kinds, values, each once."""
        axes = [(key, "varies", axis.written) for grid in self.grids for key, axis in grid.axes.items()]
        fixed = [(key, "fixed", value) for grid in self.grids for key, value in flat(grid.fixed).items()]
        asked = [(one.name, "curve", f"{one.y} against {one.x}") for one in self.curves]
        claims = [(one.name, "claim", one.statement or one.tested()) for one in self.claims]
        lines = [(name, what, str(said)) for name, what, said in [*axes, *fixed, *asked, *claims]]
        return list(dict.fromkeys(lines))

    def at(self, path: Sequence[str | int], message: str) -> str:
        """The message with the file and line of a path."""
        return self.text.at(tuple(path), message)
