"""What MLflow shows of a sweep: runs, settings, points, timestamps, figures, the table of the experiment."""

import json
import math
from pathlib import Path
from typing import Any

from tests.support.stores.mirrored_sweep import (
    EPOCHS,
    parent,
    recorded,
    sync,
)
from tracking.mirror import sync as mirror
from tracking.mirror.content.curve_runs import metric_key
from tracking.mirror.content.points import stamp
from tracking.mirror.content.views import views
from tracking.records.ledger import Ledger
from tracking.records.store import Store


def test_every_trial_is_a_run_with_its_settings_and_every_point_is_a_committed_row(
    store: Store, truth: dict[str, Any]
) -> None:
    assert set(truth) == {"", "line: error: test", *(r.id for r in recorded(store))}
    rows = Ledger.read(store).rows(recorded(store)).to_pandas()
    exact = {(r.trial, metric_key(r.measure, r.layer, r.split), r.step): r.value for r in rows.itertuples()}
    for trial in recorded(store):
        for key, step, value, _ in truth[trial.id][3]:
            assert key == "diverged_step" or key.startswith("setting/") or exact[trial.id, key, step] == value
    info, params, tags, points, _, _ = truth["w16s1"]
    assert info[:2] == ("width 16 · seed 1", "FINISHED")
    assert params == {
        "experiment": "network", "data.name": "digits", "net.name": "convnet", "net.width": "16",
        "net.batch_norm": "False",
        "epochs": "60", "seed": "1",
    }  # fmt: skip
    assert (tags["sweep.trial_id"], tags["mlflow.source.git.commit"], tags["diverged"]) == ("w16s1", "0123abc", "false")
    assert {key for key, *_ in points} == {
        "error/train", "error/test", "risk/train", "risk/test", "norm/conv1", "norm/conv2", "norm/conv3", "norm/conv4",
        "norm_product", "parameters", "setting/net.width", "setting/seed",
    }  # fmt: skip
    assert [p[1:3] for p in points if p[0] == "setting/net.width"] == [(0, 16.0)], "a number, to sort by"
    steps = [step for key, step, _, _ in points if key == "error/test"]
    assert len(steps) <= 50 and steps[0] == 0 and steps[-1] == EPOCHS - 1


def test_timestamps_are_functions_of_the_record(store: Store, truth: dict[str, Any]) -> None:
    found = Ledger.read(store).of(["w2s0"])["w2s0"]
    info, _, _, points, _, _ = truth["w2s0"]
    assert info[2:] == (found.started_ms, found.clock[-1][1])
    measured = [point for point in points if not point[0].startswith("setting/")]
    assert all(ms == stamp(found, step) for _, step, _, ms in measured)


def test_parent_shows_curves_figures_data_and_note(truth: dict[str, Any]) -> None:
    info, params, tags, points, files, data = truth[""]
    assert info[:2] == ("widths", "FINISHED") and points == []
    fixed = {"data.name": "digits", "net.name": "convnet", "net.batch_norm": "False", "epochs": "60"}
    assert params == {"experiment": "network", **fixed}
    assert files == ["figures/a.svg", "widths.yaml"] and data == [("handwritten digits", "d" * 36)] == truth["w2s0"][5]
    assert tags["mlflow.note.content"] == "# Error against width"


def test_a_line_of_a_curve_is_a_run_of_its_own_whose_steps_are_x(truth: dict[str, Any]) -> None:
    info, _, tags, points, _, _ = truth["line: error: test"]
    assert info[:2] == ("error: test", "FINISHED") and tags["sweep.role"] == "curve"
    assert [p[:3] for p in points if p[0] == "curve/error"] == [("curve/error", 2, 0.5), ("curve/error", 16, 0.25)]


def test_the_source_of_a_data_set_is_one_that_mlflow_reads(store: Store, uri: str, tmp_path: Path) -> None:
    import mlflow.data
    from mlflow.data.schema import TensorDatasetSchema

    sync(store, uri, parent(tmp_path / "figures"))
    (run,) = mirror.connect(uri).search_runs(["1"], "tags.`sweep.trial_id` = 'w2s0'")
    (data,) = run.inputs.dataset_inputs
    source = {"mlflow.source.name": "handwritten digits", "data.name": "digits"}
    assert mlflow.data.get_source(data).to_dict()["tags"] == source
    arrays = TensorDatasetSchema.from_dict(json.loads(data.dataset.schema))
    assert [spec.shape for spec in (*arrays.features.inputs, *arrays.targets.inputs)] == [(-1, 8, 8, 1), (-1,)]
    assert data.tags[0].value == "training and test"


def test_pandas_gets_the_trials_alone_with_no_column_that_is_mostly_empty(
    store: Store, uri: str, tmp_path: Path
) -> None:
    import mlflow

    sync(store, uri, parent(tmp_path / "figures"))
    mlflow.set_tracking_uri(uri)
    order = ["metrics.`setting/net.width`", "metrics.`error/test`"]
    table = mlflow.search_runs(["1"], "tags.`sweep.role` = 'trial'", order_by=order)
    assert table["metrics.setting/net.width"].tolist() == sorted(table["metrics.setting/net.width"]) and len(table) == 6
    empty = {column for column in table if table[column].isna().mean() > 0.5}
    assert empty == {"metrics.diverged_step"}, "the one trial that has diverged"


def test_the_views_that_the_experiment_links_to_name_what_exists(store: Store, uri: str, tmp_path: Path) -> None:
    sync(store, uri, parent(tmp_path / "figures"))
    client = mirror.connect(uri)
    about = client.get_experiment("1").tags
    names = ("trials", "cells", "settings", "curves")
    state = {name: json.loads(about[f"mlflow.sharedViewState.{name}"]) for name in names}
    assert all(f"viewStateShareKey={name}" in about["mlflow.note.content"] for name in names)
    found = {name: client.search_runs(["1"], view["searchFilter"]) for name, view in state.items()}
    assert [len(found[name]) for name in names] == [6, 6, 6, 1]
    by_error = client.search_runs(["1"], state["trials"]["searchFilter"], order_by=[state["trials"]["orderByKey"]])
    errors = [run.data.metrics["error/test"] for run in by_error]
    assert errors == sorted(errors)
    wanted = [column.replace("`", "").split(".", 1) for column in state["trials"]["selectedColumns"]]
    assert ["metrics", "setting/net.width"] in wanted and ["metrics", "error/test"] in wanted
    assert all(key in getattr(by_error[0].data, kind) for kind, key in wanted)
    tag = state["cells"]["groupBy"]["groupByKeys"][0]["groupByData"]
    assert set(state["cells"]["groupsExpanded"]) == {f"tag.{tag}.{run.data.tags[tag]}" for run in found["cells"]}
    drawn = {(chart["xaxis"]["key"], chart["yaxis"]["key"]) for chart in state["settings"]["compareRunCharts"]}
    assert ("setting/net.width", "error/test") in drawn
    assert {key for axes in drawn for key in axes} <= set(by_error[0].data.metrics)
    (chart,) = state["curves"]["compareRunCharts"]
    assert chart["metricKey"] in found["curves"][0].data.metrics and chart["xAxisScaleType"] == "log"


def test_a_view_of_more_cells_than_a_tag_holds_is_without_them() -> None:
    found = views(("net.width",), {"setting/net.width"}, [f"width {i}" for i in range(2000)], (), ())
    assert json.loads(found["mlflow.sharedViewState.cells"])["groupsExpanded"] == {}
    assert max(map(len, found.values())) < 20_000


def test_divergence_is_a_tag_and_a_step_and_never_a_number_that_is_not_finite(truth: dict[str, Any]) -> None:
    info, _, tags, points, _, _ = truth["w512s0"]
    assert (info[1], tags["diverged"], tags["sweep.reason"]) == ("FINISHED", "true", "risk is not finite")
    assert [p[1:3] for p in points if p[0] == "diverged_step"] == [(5, 5.0)]
    assert all(math.isfinite(value) and abs(value) < 1e300 for _, _, value, _ in points)
    assert max(step for key, step, _, _ in points if key == "risk/train") == 4
    assert truth["w512s1"][0][1] == "FAILED"
