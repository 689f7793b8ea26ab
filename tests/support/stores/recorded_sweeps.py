"""Sweeps whose trials are recorded without any training, as a launch would leave them in a store."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrator.execution.store import keep_code
from orchestrator.execution.store.keep_sweep import keep_sweep
from orchestrator.results.build import build, plain
from orchestrator.results.write import figure_folder
from orchestrator.results.write import write as write_results
from orchestrator.spec.expand import expand
from orchestrator.spec.load import read
from orchestrator.spec.sweep import Sweep
from tests.support.networks import small_trials
from tracking.records import layout
from tracking.records.ledger import Ledger
from tracking.records.provenance import Provenance
from tracking.records.rows import Outcome, Row
from tracking.records.store import Store
from tracking.records.writer import Writer
from workers.bundle import together
from workers.trial import SCHEMA_VERSION, Trial

TEXT = """title: {title}
source: test
experiment: network
fixed:
  data: {{name: digits, train_size: 120, test_size: 60}}
  net: {{name: convnet, depth: 3, batch_norm: false}}
  loss: cross_entropy
  optimizer: {{name: sgd, batch_size: 32, learning_rate: 0.05}}
  epochs: {epochs}
vary:
  net.width: {widths}
  seed: {{count: 2}}
measure: [error, risk]
curves:
  - {{name: error, x: net.width, y: error, split: [train, test], band: ci95}}
claims:
  - {{name: bounded, y: error, split: test, high: 0.9}}
"""


def write(file: Path, widths: Sequence[int] = (2, 4), epochs: int = 2, title: str = "Small") -> Path:
    """Writes a sweep file of two seeds a width."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(TEXT.format(title=title, epochs=epochs, widths=list(widths)))
    return file


Value = Callable[[Trial, int, str], float]  # what is measured of a trial at a step on a split


def of_the_seed(trial: Trial, step: int, split: str) -> float:
    """A number that depends on the seed and the step alone."""
    return (1 + trial.seed) / (2 + step)


def record(trials: Sequence[Trial], store: Store, value: Value = of_the_seed, last: int = 2, ended: bool = True) -> str:
    """Records that these trials have been trained, in one bundle, whose id it returns. All numbers are made up by
    `value`, the same each time, at the steps 0, 1 and `last`. ended: whether training is done at the last step."""
    bundle = together(trials)
    writer = Writer.begin(
        store, bundle.id, trials[0].experiment, small_trials.entries(trials), Provenance(),
        clock=lambda: 1_700_000_000_000, schema=SCHEMA_VERSION, sources=bundle.sources, observed=bundle.observed,
    )  # fmt: skip
    writer.attempt = "0"
    rows = [
        Row(t.id, step, split, measure, "", value(t, step, split))
        for t in trials for step in (0, 1, last) for split in ("train", "test") for measure in ("error", "risk")
    ]  # fmt: skip
    writer.add(rows, {t.id: Outcome("finished", last, "epochs done") for t in trials} if ended else {})
    writer.commit(last, None, b"trained")
    return bundle.id


def launched(
    file: Path,
    store: Store,
    profile: str | None = None,
    overrides: Sequence[str] = (),
    interrupted: bool = False,
    drawn: bool = False,
) -> Sweep:
    """Leaves a store as a launch of this file does: what is missing is recorded, one bundle of all of it; the file is
    kept, and results are written. `interrupted`: before anything is recorded, by a KeyboardInterrupt. drawn:
    whether figures and the report are drawn, which takes seconds; only verdicts are written otherwise."""
    sweep = read(str(file), profile, overrides)
    trials = expand(sweep)
    with sweep.files.active(), keep_sweep(sweep, trials, store, None) as kept:
        if interrupted:
            raise KeyboardInterrupt
        recorded = Ledger.read(store).trials
        if missing := [t for t in trials if t.id not in recorded]:
            keep_code.keep(store, missing)
            record(missing, store)
        results = build(sweep, trials, Ledger.read(store))
        if drawn:
            write_results(results, store)
        else:
            (figure_folder(sweep, store) / layout.CLAIMS).write_text(json.dumps(plain(results.verdicts), default=str))
        kept.verdicts = results.verdicts
    return sweep
