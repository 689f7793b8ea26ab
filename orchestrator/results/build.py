"""From records to results: the frame of a sweep, its curves drawn, its claims judged; all of it from committed rows."""

import json
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.planning.consistency import data_digest, refuse_mixed_data
from orchestrator.spec.expand import parents, varied
from orchestrator.spec.sweep import Sweep
from tracking.analysis.frame import Frame, Planned, frame
from tracking.analysis.grouping import selected
from tracking.analysis.row_cache import stored
from tracking.common.flatten import flat
from tracking.records import layout
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from tracking.verdicts.verify import Verdict, verify
from workers.plugins import EXPERIMENTS
from workers.trial import Trial

if TYPE_CHECKING:
    import pandas as pd


def gather(sweep: Sweep, trials: Sequence[Trial], store: Store) -> Frame:
    """What is recorded of a sweep's trials; their rows are read when they are asked for, which may raise Damaged.

    Raises Refused when records of different data would meet in one curve.
    """
    ledger = Ledger.read(store)
    recorded = ledger.of(t.id for t in trials)
    refuse_mixed_data(recorded.values())
    outcomes = {
        id: {"state": r.state, "step": r.step, "reason": r.reason, "digest": data_digest(r)}
        for id, r in recorded.items()
    }
    planned = (Planned(t.id, t.cell, t.seed, {k: v for k, v in flat(t.plain).items() if k != "seed"}) for t in trials)
    return frame(planned, outcomes, stored(ledger, recorded.values()), parents(sweep))


def judged(sweep: Sweep, found: Frame) -> list[Verdict]:
    """Every claim of the sweep, judged on the frame."""
    verdicts: list[Verdict] = verify(found, sweep.claims)
    return verdicts


def data_titles(trials: Sequence[Trial], store: Store) -> dict[str, str]:
    """What figures call the data of a trial, by its id: the title recorded with it. Some trials have no data."""
    recorded = store.recorded({t.id for t in trials})
    return {id: r.data.title for id, r in recorded.items() if r.data}


def about(sweep: Sweep, found: Frame, where: dict[str, Any], titles: dict[str, str]) -> dict[str, str]:
    """What a figure of the trials in `where` says that no number does: title, source, data, and what a step is called.

    `titles` are from `data_titles`.
    """
    step = EXPERIMENTS.load(sweep.experiment).STEP
    data = sorted({titles[id] for id in selected(found, where).trials.index if id in titles})
    return {"title": sweep.title, "source": sweep.source, "data": ", ".join(data), "step": step}


def draw(
    sweep: Sweep, trials: Sequence[Trial], found: Frame, store: Store
) -> "tuple[list[dict[str, str]], pd.DataFrame]":
    """Writes curves.parquet and every curve as PNG and SVG below figures/<sweep>/; returns the curves' files and the
    aggregated table."""
    import pandas as pd

    from tracking.analysis.aggregate import both
    from tracking.plotting import curve_figure, panels, surfaces

    folder = figure_folder(sweep, store)
    axes = varied(sweep)
    said = partial(about, sweep, found, titles=data_titles(trials, store))
    parts = {c.name: (c, *both(found, c, axes)) for c in sweep.curves}
    files = [{"name": name, **curve_figure.draw(*part, said(part[0].where), folder)} for name, part in parts.items()]
    for panel in sweep.panels:
        files.append({"name": panel.name, **panels.draw(panel, [parts[c] for c in panel.curves], said({}), folder)})
    files += [{"name": s.name, **surfaces.draw(s, found, said(s.where), folder)} for s in sweep.surfaces]
    whole = pd.concat([table for _, table, _ in parts.values()], ignore_index=True) if parts else pd.DataFrame()
    # A setting may be a word in one trial and a number in another; a Parquet column may not.
    mixed = [c for c in whole.columns if whole[c].map(type).nunique() > 1]
    whole.astype(dict.fromkeys(mixed, str)).to_parquet(folder / layout.CURVES_PARQUET)
    whole.to_csv(folder / layout.CURVES_CSV, index=False)
    for entry in files:
        entry |= {kind: str(folder / f"curves.{kind}") for kind in ("parquet", "csv")}
    return files, whole


def report(
    sweep: Sweep,
    trials: Sequence[Trial],
    found: Frame,
    store: Store,
    curves: "tuple[list[dict[str, str]], pd.DataFrame]",
    verdicts: Sequence[Verdict],
) -> str:
    """Writes report.html beside the figures; returns its path. `curves` is what `draw` returned."""
    from tracking.report.render import About, render

    command = shlex.join(("sweep", "launch", *sweep.asked))
    about = About(sweep.title, sweep.source, sweep.notes, sweep.name, command, sweep.written)
    path = figure_folder(sweep, store) / layout.REPORT
    path.write_text(render(about, found, store.recorded({t.id for t in trials}).values(), *curves, verdicts), "utf-8")
    return str(path)


def figure_folder(sweep: Sweep, store: Store) -> Path:
    """Where the figures of a sweep are, on this machine: below the store, or in the working folder for a remote one."""
    base = Path(store.files.root if store.files.local else ".")
    folder = base / layout.FIGURES / sweep.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def plain(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Verdicts as plain values, for JSON."""
    return [
        {"name": v.name, "verdict": v.verdict, "evidence": v.evidence, "statement": v.statement, "label": v.label}
        for v in verdicts
    ]


def keep_claims(sweep: Sweep, store: Store, verdicts: Sequence[Verdict]) -> None:
    """Writes claims.json beside the figures."""
    text = json.dumps(plain(verdicts), indent=1, default=str)
    (figure_folder(sweep, store) / layout.CLAIMS).write_text(text)
