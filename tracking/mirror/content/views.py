"""Views of a sweep's experiment that MLflow's pages open by a link: trials, cells, curves.

MLflow's own default shows no number at all. This is the form in which its pages (3.17) store a shared view: a tag
`mlflow.sharedViewState.<name>` of the experiment.
"""

import json
from collections.abc import Iterable, Sequence

COLUMNS = 8  # measures that a table shows
PREFIX = "mlflow.sharedViewState"
CELL = "sweep.cell_name"  # the tag by which trials of a cell are grouped
BY_NAME = {"orderByKey": "tags.`mlflow.runName`", "orderByAsc": True}  # ordered by time, MLflow hides nested runs


def views(varied: Sequence[str], keys: Iterable[str]) -> dict[str, str]:
    """The tags of the experiment, by name. `varied`: settings; `keys`: of the metrics that the trials have."""
    measured = sorted(key for key in keys if key.endswith(("/train", "/test")))[:COLUMNS]
    settings = [f"metrics.`setting/{key}`" for key in dict.fromkeys([*varied, "seed"]) if f"setting/{key}" in set(keys)]
    texts = [f"params.`{key}`" for key in varied if f"setting/{key}" not in set(keys)]
    columns = [*settings, *texts, *(f"metrics.`{key}`" for key in measured)]
    order = {"orderByKey": f"metrics.`{measured[0]}`", "orderByAsc": True} if measured else {}
    trials = {"selectedColumns": [*columns, "tags.`diverged`"], "searchFilter": _role("trial"), **order}
    cells = {"aggregateFunction": "average", "groupByKeys": [{"mode": "tag", "groupByData": CELL}]}
    found = {
        "trials": trials,
        "cells": {"selectedColumns": columns, "searchFilter": _role("trial"), "groupBy": cells},
        "curves": {"searchFilter": _role("curve"), **BY_NAME},
    }
    return {f"{PREFIX}.{name}": json.dumps(state) for name, state in found.items()}


def address(experiment: str, view: str) -> str:
    """Where MLflow's pages show one of `views`."""
    mode = "&compareRunsMode=CHART" if view == "curves" else ""
    return f"#/experiments/{experiment}/runs?workflowType=machine_learning{mode}&viewStateShareKey={view}"


def links(experiment: str) -> str:
    """Markdown that leads to each of `views`."""
    shown = {"Trials": "trials", "Cells": "cells", "Curves": "curves"}
    return " · ".join(f"[{title}]({address(experiment, name)})" for title, name in shown.items())


def _role(role: str) -> str:
    return f"tags.`sweep.role` = '{role}'"
