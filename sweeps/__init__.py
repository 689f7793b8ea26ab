"""The Python interface of this program: `import sweeps`. The sweep files that come with it lie here, too.

>>> import sweeps
>>> demo = sweeps.read("demo", profile="debug")
>>> len(sweeps.plan(demo, store).to_run)
8
>>> done = sweeps.launch(demo, store)
>>> done.trials["run"]
8
>>> sorted(sweeps.rows(demo, store).columns)
['layer', 'measure', 'split', 'step', 'trial', 'value']
>>> sweeps.curve(demo, "error", store)[["line", "x", "centre", "n"]].shape
(8, 4)
>>> [verdict.name for verdict in sweeps.verdicts(demo, store)]
['no_overfitting', 'chance_error', 'risk_overfits']
>>> sweeps.figure(demo, "error", store).axes[0].get_xlabel()
'Number of parameters'
>>> trial = sweeps.trials(demo, store).index[0]
>>> len(sweeps.model(trial, store).state_dict())
8
"""

from pathlib import Path

import orchestrator  # which says where another package of this program is hidden

if Path(orchestrator.__file__ or "").resolve() != Path(__file__).resolve().parents[1] / "orchestrator/__init__.py":
    raise ImportError(
        f"{orchestrator.__file__} hides the package 'orchestrator' of the program sweep, which lies in "
        f"{Path(__file__).resolve().parents[1]}: rename it, or start Python in another folder"
    )

from orchestrator.launch.launch import Launched
from orchestrator.planning.plan import Plan
from orchestrator.spec.sweep import Sweep
from sweeps.api import curve, figure, launch, model, plan, read, rows, trials, verdicts
from sweeps.displays import Picture, Verdicts
from tracking.verdicts.finding import Verdict

__all__ = [
    "Launched", "Picture", "Plan", "Sweep", "Verdict", "Verdicts",
    "curve", "figure", "launch", "model", "plan", "read", "rows", "trials", "verdicts",
]  # fmt: skip
