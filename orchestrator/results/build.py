"""Assembles what the records say of a sweep: curves, verdicts and what figures name. Writes nothing (`write.py`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.planning.consistency import data_digest, refuse_mixed_data
from orchestrator.spec.expand import parents, varied
from orchestrator.spec.sweep import Sweep
from tracking.analysis.curve_spec import Curve
from tracking.analysis.frame import Frame, Planned, frame
from tracking.analysis.grouping import selected
from tracking.analysis.row_cache import stored
from tracking.common.flatten import flat
from tracking.records.ledger import Ledger
from tracking.records.manifest import TrialRecord
from tracking.verdicts.verify import Verdict, verify
from workers.plugins import EXPERIMENTS
from workers.trial import Trial

if TYPE_CHECKING:
    import pandas as pd


class CurvePoints(NamedTuple):
    """A curve of the sweep file, its points, and the points of single seeds; columns: `tracking.analysis.aggregate`."""

    curve: Curve
    points: "pd.DataFrame"
    seeds: "pd.DataFrame"


@dataclass(frozen=True)
class Results:
    """What is recorded of a sweep. Rows are read when curves or verdicts are first asked for, each file once; that may
    raise Damaged."""

    sweep: Sweep
    records: Mapping[str, TrialRecord]
    frame: Frame

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every claim of the sweep, judged."""
        return tuple(verify(self.frame, self.sweep.claims))

    @cached_property
    def curves(self) -> dict[str, CurvePoints]:
        """Every curve of the sweep by its name."""
        return {curve.name: self.curve(curve) for curve in self.sweep.curves}

    def curve(self, curve: Curve) -> CurvePoints:
        """The points of one curve."""
        from tracking.analysis.aggregate import both

        return CurvePoints(curve, *both(self.frame, curve, varied(self.sweep)))

    @cached_property
    def table(self) -> "pd.DataFrame":
        """The points of all curves."""
        import pandas as pd

        parts = [found.points for found in self.curves.values()]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    @property
    def unfinished(self) -> bool:
        """Whether some trials have not ended."""
        return bool(set(self.frame.trials["state"]) & {"missing", "running"})

    def about(self, where: Mapping[str, Any]) -> dict[str, str]:
        """What a figure of the trials in `where` names besides numbers: title, source, data, and what a step is called.
        The data are called by the title that is recorded with each trial; some trials have none."""
        shown = selected(self.frame, dict(where)).trials.index
        titles = {data.title for id in shown if id in self.records and (data := self.records[id].data)}
        step = EXPERIMENTS.load(self.sweep.experiment).STEP
        return {"title": self.sweep.title, "source": self.sweep.source, "data": ", ".join(sorted(titles)), "step": step}


def build(sweep: Sweep, trials: Sequence[Trial], ledger: Ledger) -> Results:
    """The results of these trials of a sweep. Raises Refused when records of different data would meet in one curve."""
    records = ledger.of(t.id for t in trials)
    refuse_mixed_data(records.values())
    outcomes = {
        id: {"state": r.state, "step": r.step, "reason": r.reason, "digest": data_digest(r)}
        for id, r in records.items()
    }
    planned = (Planned(t.id, t.cell, t.seed, {k: v for k, v in flat(t.plain).items() if k != "seed"}) for t in trials)
    return Results(sweep, records, frame(planned, outcomes, stored(ledger, records.values()), parents(sweep)))


def plain(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Verdicts as plain values, for JSON."""
    return [
        {"name": v.name, "verdict": v.verdict, "evidence": v.evidence, "statement": v.statement, "label": v.label}
        for v in verdicts
    ]
