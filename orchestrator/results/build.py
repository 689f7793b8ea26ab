"""Assembles what the records say of a sweep: curves, verdicts and what figures name. Writes nothing (`write.py`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from orchestrator.planning.consistency import codes, data_digest, refuse_mixed_data
from orchestrator.spec.expand import parents, varied
from orchestrator.spec.sweep import Sweep
from tracking.analysis.frame import UNFINISHED, Frame, Planned, frame
from tracking.analysis.grouping import selected
from tracking.analysis.row_cache import Reducer, in_this_process, stored
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.analysis.statistics.intervals import Bounds
from tracking.plotting.style.labels import Caption
from tracking.records.leases.lease_file import INTERRUPTED, at_work, claimed
from tracking.records.ledger import Ledger
from tracking.records.manifests.manifest import TrialRecord
from tracking.verdicts.finding import Verdict
from tracking.verdicts.sentence import sentence
from tracking.verdicts.verify import verify
from workers.interfaces.bounds import bounds
from workers.interfaces.dataset import DataSettings
from workers.plugins import EXPERIMENTS
from workers.training.settings import OnImages
from workers.trial import Trial

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from tracking.analysis.heat import Heat
    from tracking.plotting.figures import Asked, Heats, Makers, Points
    from tracking.plotting.kinds.claim_plot import ClaimPlot, Row
    from tracking.plotting.kinds.panels import Part


@dataclass(frozen=True)
class Results:
    """What is recorded of a sweep. Rows are read when curves or verdicts are first asked for, each file once; that may
    raise Damaged."""

    sweep: Sweep
    trials: Sequence[Trial]
    ledger: Ledger
    records: Mapping[str, TrialRecord]
    frame: Frame

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every claim of the sweep, judged."""
        return tuple(verify(self.frame, self.sweep.claims))

    @cached_property
    def curves(self) -> "Points":
        """Every curve of the sweep by its name: its points, or why it has none."""
        from tracking.plotting import figures

        return figures.points(self.frame, self.sweep.curves, varied(self.sweep))

    def curve(self, curve: Curve) -> "Part":
        """The points of one curve. Raises Refused where it does not fit what is recorded."""
        from tracking.analysis.aggregate import both
        from tracking.plotting.kinds.panels import Part

        return Part(curve, *both(self.frame, curve, varied(self.sweep)))

    def heatmap(self, heatmap: Heatmap) -> "Heat":
        """The cells of one heat map. Raises Refused where it does not fit what is recorded."""
        from tracking.analysis.heat import heat

        return heat(self.frame, heatmap, varied(self.sweep))

    @cached_property
    def table(self) -> "pd.DataFrame":
        """The points of all curves that have some."""
        from tracking.plotting import figures

        return figures.points_of(self.curves)

    @cached_property
    def heatmaps(self) -> "Heats":
        """Every heat map of the sweep by its name: its cells, or why it has none."""
        from tracking.plotting import figures

        return figures.cells(self.frame, self.sweep.heatmaps, varied(self.sweep))

    def claim_rows(self, plot: "ClaimPlot") -> "list[Row]":
        """What a claim plot shows. Raises Refused where no claim has its estimate."""
        from tracking.plotting.kinds import claim_plot

        named = [verdict for verdict in self.verdicts if verdict.name == plot.claim]
        return claim_plot.rows(plot, [(verdict.label or verdict.name, verdict.evidence) for verdict in named])

    @property
    def claim_plots(self) -> "Makers":
        """What draws each claim plot, by its name."""
        return {plot.name: partial(self._claim_plot, plot) for plot in self.sweep.claim_plots}

    def _claim_plot(self, plot: "ClaimPlot") -> "Figure":
        from tracking.plotting.kinds import claim_plot

        return claim_plot.figure(plot, self.claim_rows(plot), self.caption({}))

    @property
    def unfinished(self) -> bool:
        """Whether some trials have not ended."""
        return bool(set(self.frame.trials["state"]) & UNFINISHED)

    @property
    def asked(self) -> "Asked":
        """What is to be drawn."""
        from tracking.plotting.figures import Asked

        panels, surfaces = self.sweep.panels, self.sweep.surfaces
        return Asked(self.curves, self.heatmaps, panels, surfaces, self.frame, self.caption, self.claim_plots)

    def caption(self, where: Mapping[str, object]) -> Caption:
        """What a figure of the trials in `where` names besides numbers: title, source, data, and what a step is called.
        The data are called by the title that is recorded with each trial; some trials have none."""
        shown = selected(self.frame, where).trials.index
        titles = {data.title for id in shown if id in self.records and (data := self.records[id].data)}
        with self.sweep.files.active():
            step = EXPERIMENTS.load(self.sweep.experiment).STEP
        by = codes(self.records[id] for id in shown if id in self.records)
        counts = tuple(f"{n} by {name}" for name, n in by.most_common()) if len(by) > 1 else ()
        return Caption(self.sweep.title, self.sweep.source, ", ".join(sorted(titles)), step, counts, self.frame.bounds)


def build(sweep: Sweep, trials: Sequence[Trial], ledger: Ledger, reducer: Reducer = in_this_process) -> Results:
    """The results of these trials of a sweep, whose rows `reducer` reduces. Raises Refused when records of different
    data would meet in one curve."""
    records = ledger.of(t.id for t in trials)
    refuse_mixed_data(records.values())
    stopped = _interrupted(ledger, records)
    outcomes = {
        id: {
            "state": INTERRUPTED if id in stopped else r.state,
            "step": r.step,
            "reason": r.reason,
            "digest": data_digest(r),
        }
        for id, r in records.items()
    }
    classes = _classes(trials)
    planned = (Planned(t.id, t.cell, t.seed, t.unseeded, n) for t, n in zip(trials, classes, strict=True))
    source = stored(ledger, records.values())
    found = frame(planned, outcomes, source, parents(sweep), reducer(ledger), _bounds(sweep, trials))
    return Results(sweep, trials, ledger, records, found)


def _interrupted(ledger: Ledger, records: Mapping[str, TrialRecord]) -> set[str]:
    """The trials that are recorded as running, and that no launch works on."""
    running = {id for id, record in records.items() if record.state == "running"}
    return running - claimed(at_work(ledger.store.files), running) if running else set()


def _bounds(sweep: Sweep, trials: Sequence[Trial]) -> dict[str, Bounds]:
    """Between which numbers the values lie that are measured, as far as the files of measures and experiment say it."""
    measures = {name for trial in trials[:1] for name in trial.plain.get("measure") or ()}
    with sweep.files.active():
        return {name: Bounds(*ends) for name, ends in bounds(sweep.experiment, sorted(measures)).items()}


def _classes(trials: Sequence[Trial]) -> list[int]:
    """The number of classes of each trial's data; 0 where it has none, or does not know it before they are loaded."""
    known: dict[int, int] = {}
    of_data: dict[int, int] = {}
    for trial in trials:
        if id(trial.unseeded) not in known:  # trials share what is equal in them
            data = _data(trial)
            if id(data) not in of_data:
                there = data.sizes() if data else None
                of_data[id(data)] = there.classes if there else 0
            known[id(trial.unseeded)] = of_data[id(data)]
    return [known[id(trial.unseeded)] for trial in trials]


def _data(trial: Trial) -> DataSettings | None:
    return trial.settings.data if isinstance(trial.settings, OnImages) else None


def plain(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Verdicts as plain values, for JSON; `sentence` says why."""
    return [
        {
            "name": v.name,
            "verdict": v.verdict,
            "sentence": sentence(v),
            "found": v.found,
            "evidence": v.evidence,
            "statement": v.statement,
            "label": v.label,
        }
        for v in verdicts
    ]
