"""Views of a sweep's experiment that MLflow's pages open by a link: trials, cells, charts of settings, curves.

MLflow's own default shows no number at all. This is the form in which its pages (3.17) store a shared view: a tag
`mlflow.sharedViewState.<name>` of the experiment.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from tracking.mirror.content.curve_runs import CurveLine, metric_key

COLUMNS = 8  # measures that a table shows
CHARTS = 4  # measures that are drawn against a setting
DRAWN = 100  # lines or trials of one chart: MLflow's pages load as many
TAG_LIMIT = 20_000  # characters of a tag of an experiment
PREFIX = "mlflow.sharedViewState"
TITLES = {"trials": "Trials", "cells": "Cells", "settings": "Settings", "curves": "Curves"}
IN_CHARTS = frozenset({"settings", "curves"})
CELL = "sweep.cell_name"  # the tag by which trials of a cell are grouped
BY_NAME = {"orderByKey": "tags.`mlflow.runName`", "orderByAsc": True}  # ordered by time, MLflow hides nested runs

State = dict[str, object]


def views(
    varied: Sequence[str],
    keys: Collection[str],
    cells: Iterable[str],
    lines: Sequence[CurveLine],
    logarithmic: Collection[str],
) -> dict[str, str]:
    """The tags of the experiment, by name.

    varied: settings. keys: of the metrics that the trials have. cells: their names. logarithmic: the names of the
    curves whose x axis is.
    """
    measured = sorted(key for key in keys if key.endswith(("/train", "/test")))[:COLUMNS]
    numbers = [key for key in dict.fromkeys([*varied, "seed"]) if f"setting/{key}" in keys]
    texts = [f"params.`{key}`" for key in varied if key not in numbers]
    columns = [*(f"metrics.`setting/{key}`" for key in numbers), *texts, *(f"metrics.`{key}`" for key in measured)]
    axes = [key for key in numbers if key != "seed"]
    found = {
        "trials": {"selectedColumns": [*columns, "tags.`diverged`"], **_role("trial"), **_by(measured)},
        "cells": _cells([column for column in columns if column != "metrics.`setting/seed`"], axes, cells),
        "settings": {**_settings(axes, measured[:CHARTS]), **_role("trial"), **_by(measured)},
        "curves": {**_curves(lines, logarithmic), **_role("curve"), **BY_NAME},
    }
    return {f"{PREFIX}.{name}": _text(state) for name, state in found.items()}


def _text(state: State) -> str:
    """As JSON; where it is too long, without which groups are folded."""
    whole = json.dumps(state)
    return whole if len(whole) <= TAG_LIMIT else json.dumps({**state, "groupsExpanded": {}})


def _by(measured: Sequence[str]) -> State:
    return {"orderByKey": f"metrics.`{measured[0]}`", "orderByAsc": True} if measured else {}


def _role(role: str) -> State:
    return {"searchFilter": f"tags.`sweep.role` = '{role}'"}


def _cells(columns: Sequence[str], axes: Sequence[str], cells: Iterable[str]) -> State:
    """Trials that differ in their seed only, averaged and folded, by the first setting that is a number."""
    groups = {"aggregateFunction": "average", "groupByKeys": [{"mode": "tag", "groupByData": CELL}]}
    order = {"orderByKey": f"metrics.`setting/{axes[0]}`", "orderByAsc": True} if axes else BY_NAME
    folded = {f"tag.{CELL}.{cell}": False for cell in sorted(set(cells))}
    return {"selectedColumns": columns, "groupBy": groups, "groupsExpanded": folded, **_role("trial"), **order}


def _settings(axes: Sequence[str], measured: Sequence[str]) -> State:
    """Each measure against each setting that is a number, a point a trial."""
    charts = [
        {
            **_chart("SCATTER", f"{axis} {measure}", axis),
            "xaxis": {"key": f"setting/{axis}", "type": "METRIC"},
            "yaxis": {"key": measure, "type": "METRIC"},
        }
        for axis in axes
        for measure in measured
    ]
    return _drawn(charts, {axis: f"against {axis}" for axis in axes})


def _curves(lines: Sequence[CurveLine], logarithmic: Collection[str]) -> State:
    """Each curve as one chart with its lines, against x on the scale of its figure."""
    steps: dict[str, list[int]] = {}
    for line in lines:
        steps.setdefault(line.curve, []).extend(step for values in line.values.values() for step in values)
    charts = [
        {
            **_chart("LINE", curve, "curve"),
            "metricKey": metric_key("curve", curve, ""),
            "selectedMetricKeys": [metric_key("curve", curve, "")],
            "xAxisKey": "step",
            "xAxisScaleType": "log" if curve in logarithmic and min(xs) > 0 else "linear",
            "scaleType": "linear",
            "range": {},
            "lineSmoothness": 0,
            "useGlobalXaxisKey": False,
            "displayPoints": True,
        }
        for curve, xs in steps.items()
    ]
    return _drawn(charts, {"curve": "curve"})  # named as the pages would, so that it stays before the bands


def _chart(kind: str, id: str, section: str) -> State:
    about: State = {"uuid": id, "type": kind, "metricSectionId": section, "runsCountToCompare": DRAWN}
    return {**about, "deleted": False, "isGenerated": False}


def _drawn(charts: list[State], sections: Mapping[str, str]) -> State:
    """These charts in sections, by id and title; nothing, so that MLflow makes its own, where there is no chart."""
    if not charts:
        return {}
    flags = {"display": True, "isReordered": False, "deleted": False, "isGenerated": False}
    every = [{"uuid": id, "name": title, **flags} for id, title in sections.items()]
    return {"compareRunCharts": charts, "compareRunSections": every, "runsHiddenMode": "SHOW_ALL"}


def address(experiment: str, view: str) -> str:
    """Where MLflow's pages show one of `views`."""
    mode = "&compareRunsMode=CHART" if view in IN_CHARTS else ""
    return f"#/experiments/{experiment}/runs?workflowType=machine_learning{mode}&viewStateShareKey={view}"


def links(experiment: str) -> str:
    """Markdown that leads to each of `views`."""
    return " · ".join(f"[{title}]({address(experiment, name)})" for name, title in TITLES.items())
