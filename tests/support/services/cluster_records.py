"""What a sweep over several hosts must have left behind: every number once, and the same in MLflow.

Run as a program on a host that reaches store and server: cluster_records.py SPEC STORE [TRACKING_URI], prints JSON.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

WIDTHS, SEEDS = (6, 12, 24), 6
TRIALS = len(WIDTHS) * SEEDS
# Where launcher and workers see this, an epoch takes a second: faults come before the end on every machine.
PACE = {"SWEEP_COMMIT_S": "0", "SWEEP_FAILPOINTS": "commit.done=slow@1"}
# %d stands for the epochs.
SWEEP = f"""
title: Error against width, across hosts
experiment: network
fixed:
  data: {{name: digits, train_size: 1000}}
  net: {{name: convnet, depth: 3}}
  loss: cross_entropy
  optimizer: {{name: sgd, batch_size: 20, learning_rate: 0.05}}
  epochs: %d
vary:
  net.width: {list(WIDTHS)}
  seed: {{count: {SEEDS}}}
measure: [error, risk]
curves:
  - {{name: error, x: net.width, y: error, split: [train, test], band: ci95}}
"""


def records(spec: Path, root: str) -> dict[str, Any]:
    """How many trials ended, on which hosts, and what is wrong: a number that is missing, or there twice."""
    from orchestrator.spec.expand import expand
    from orchestrator.spec.load import read
    from tracking.records.ledger import Ledger
    from tracking.records.store import Store

    trials, ledger = expand(read(str(spec))), Ledger.read(Store(root))
    recorded = ledger.of(t.id for t in trials)
    rows = ledger.rows(recorded.values()).to_pandas()
    keys = ["trial", "step", "split", "measure", "layer"]
    wrong = [f"twice: {key}" for key in map(tuple, rows[rows.duplicated(keys)][keys].astype(str).to_numpy())]
    epochs = trials[0].plain["epochs"]
    for trial in trials:
        mine = rows[(rows["trial"] == trial.id) & (rows["measure"] == "error") & (rows["split"] == "test")]
        wrong += [f"missing: {trial.id} {step}" for step in set(range(epochs + 1)) - set(mine["step"])]
    hosts = Counter(p.host for r in recorded.values() for p in r.provenances)
    return {"ended": sum(r.state == "finished" for r in recorded.values()), "rows": len(rows), "hosts": hosts,
            "wrong": wrong[:5] + list(map(str, ledger.damaged))}  # fmt: skip


def _about(run: Any) -> str:
    """What a run that is not a trial's shows: the sweep, or one line of a curve."""
    return f"{run.data.tags['sweep.role']} {run.info.run_name}"


def mirrored(spec: Path, root: str, uri: str) -> list[str]:
    """How MLflow differs from the records."""
    import mlflow

    from orchestrator.spec.expand import expand
    from orchestrator.spec.load import read
    from tracking.records.ledger import Ledger
    from tracking.records.store import Store

    sweep, ledger, client = read(str(spec)), Ledger.read(Store(root)), mlflow.MlflowClient(uri)
    recorded = ledger.of(t.id for t in expand(sweep))
    experiment = client.get_experiment_by_name(sweep.name)
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    shown = Counter(run.data.tags.get("sweep.trial_id", f"the {_about(run)}") for run in runs)
    wrong = [f"{n} runs of {what}" for what, n in shown.items() if n > 1]
    wrong += [f"no run of {trial}" for trial in recorded if trial not in shown]
    rows = ledger.rows(recorded.values()).to_pandas()
    last = rows[(rows["step"] == rows["step"].max()) & (rows["measure"] == "error") & (rows["split"] == "test")]
    values = dict(zip(last["trial"].astype(str), last["value"], strict=True))
    for run in runs:
        trial = run.data.tags.get("sweep.trial_id")
        wrong += [f"{trial or _about(run)} is {run.info.status}"] * (run.info.status != "FINISHED")
        if trial and run.data.metrics.get("error/test") != values[trial]:
            wrong.append(f"{trial}: {run.data.metrics.get('error/test')} for {values[trial]}")
    return wrong


if __name__ == "__main__":
    spec, root, *uri = sys.argv[1:]
    print(json.dumps({**records(Path(spec), root), "mirror": mirrored(Path(spec), root, *uri) if uri else None}))
