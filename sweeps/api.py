"""The functions of the Python interface: read a sweep, see its plan, launch it here, get its results."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.commands.trial.rerun import find, trial_of
from orchestrator.launch import launch as launching
from orchestrator.launch.options import Options
from orchestrator.planning import plan as planning
from orchestrator.planning.measured_at_end import at_the_end
from orchestrator.results.build import Results, build
from orchestrator.spec import load
from orchestrator.spec.expand import expand
from orchestrator.spec.sweep import Sweep
from sweeps.displays import Picture, Verdicts
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.specs.heatmap_spec import Heatmap
from tracking.common.errors import Refused
from tracking.common.named_files.plugins import unknown
from tracking.records.leases.lease_file import at_work
from tracking.records.ledger import Ledger
from tracking.records.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from workers.trained_module import Module


def read(sweep: str, profile: str | None = None, overrides: Sequence[str] = (), seeds: int | None = None) -> Sweep:
    """A shipped sweep by name, or a sweep file by path; `overrides` are "key=value"; `seeds`: how many, instead of the
    number in the file.

    Raises BadSweep with everything that is wrong, each with its line.
    """
    return load.read(sweep, profile, overrides, seeds)


def plan(sweep: Sweep, store: str = "runs") -> planning.Plan:
    """Which trials are recorded, which would run (`to_run`), and which lack measures (`to_measure`). Starts nothing."""
    trials, ledger = expand(sweep), Ledger.read(Store(store))
    return planning.compare(trials, ledger, at_the_end=at_the_end(sweep, trials)).beside(at_work(ledger.store.files))


def launch(sweep: Sweep, store: str = "runs", progress: bool = False) -> launching.Launched:
    """Runs what is missing, in this process; draws the curves and judges the claims.

    Nothing is printed unless `progress`: then messages and the live view are written to standard error, as by the
    command line. Messages are also log records of the logger "orchestrator".
    """
    options = Options(store=store, local=True)
    if not progress:
        return launching.launch(sweep, options)
    from orchestrator.commands.rendering.live_view import LiveView
    from orchestrator.terminal import log_messages

    with log_messages.shown():
        return launching.launch(sweep, options, LiveView())


def trials(sweep: Sweep, store: str = "runs") -> "pd.DataFrame":
    """One line per trial of the sweep, index = trial id: cell, seed, state, step, reason, and every setting."""
    return _results(sweep, store).frame.trials


def rows(sweep: Sweep, store: str = "runs") -> "pd.DataFrame":
    """Every committed number of the sweep: trial, step, split, measure, layer, value."""
    return _results(sweep, store).frame.rows


def curve(sweep: Sweep, name: str, store: str = "runs") -> "pd.DataFrame":
    """The points of one of the sweep's curves, or the cells of one of its heat maps: line, x, centre, low, high, n,
    diverged, failed, missing, ..."""
    chosen, results = _drawn(sweep, name), _results(sweep, store)
    return (results.curve(chosen) if isinstance(chosen, Curve) else results.heatmap(chosen)).table


def figure(sweep: Sweep, name: str, store: str = "runs") -> Picture:
    """One of the sweep's curves or heat maps, drawn with Matplotlib."""
    from tracking.plotting.kinds import curve_figure, heatmaps
    from tracking.plotting.style.glyphs import in_style

    results, chosen = _results(sweep, store), _drawn(sweep, name)
    caption = results.caption(chosen.where)

    def make() -> "Figure":
        if isinstance(chosen, Curve):
            return curve_figure.figure(*results.curve(chosen), caption)
        return heatmaps.figure(results.heatmap(chosen), caption)

    with in_style(make) as made:
        return Picture(made)


def verdicts(sweep: Sweep, store: str = "runs") -> Verdicts:
    """Each of the sweep's claims: holds, fails, or not enough data, with its evidence."""
    return Verdicts(_results(sweep, store).verdicts)


def model(trial: str, store: str = "runs") -> "Module":
    """The trained network of a recorded trial as a torch module, in evaluation mode on the CPU.

    trial: its id, or the beginning of it. A net of the user's is built from the source that is kept with the records.
    The module takes images [B K H W], normalised as the trial's data say, and returns outputs [B C]. Raises Refused
    where no such trial is recorded or its network is not kept, Damaged where the kept one has changed.
    """
    from workers.trained_module import module

    ledger = Ledger.read(Store(store))
    record = find(ledger, trial)
    return module(ledger.store, record, trial_of(ledger, record))


def _results(sweep: Sweep, store: str) -> Results:
    return build(sweep, expand(sweep), Ledger.read(Store(store)))


def _drawn(sweep: Sweep, name: str) -> Curve | Heatmap:
    found: dict[str, Curve | Heatmap] = {one.name: one for one in sweep.curves}
    found |= {one.name: one for one in sweep.heatmaps}
    if name not in found:
        raise Refused(unknown("curve or heat map", name, list(found)))
    return found[name]
