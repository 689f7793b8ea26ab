"""What lies along x, in which order, and which settings make lines of a curve."""

import math
from typing import Any

import numpy as np
import pytest

from tests.support.made_up import claim_rows
from tests.support.made_up.made_up_frames import SEEDS, WIDTHS, mixed, recorded
from tracking.analysis.aggregate import aggregate
from tracking.analysis.frame import Frame
from tracking.analysis.specs.curve_spec import Curve


def test_x_parameters_lies_along_the_width_and_the_rest_are_lines() -> None:
    axes: dict[str, list[Any]] = {"net.batch_norm": [True, False], "net.width": list(WIDTHS)}
    found = aggregate(
        recorded(axes),
        Curve(name="a", x="parameters", y="error", split="test", threshold=True),
        ["net.batch_norm", "net.width", "seed"],
    )
    assert found["line"].unique().tolist() == ["batch norm", "no batch norm"]
    assert found["x"].tolist() == [40, 160, 640] * 2
    assert found["threshold"].unique().tolist() == [100]


def test_settings_that_move_with_x_make_no_lines() -> None:
    zipped = recorded({"net.width": list(WIDTHS)})
    zipped.trials["optimizer.learning_rate"] = zipped.trials["net.width"].map({2: 0.1, 4: 0.2, 8: 0.3})
    varied = ["net.width", "optimizer.learning_rate"]
    for x in ("net.width", "parameters"):
        assert aggregate(zipped, Curve(name="a", x=x, y="error", split="test"), varied)["line"].nunique() == 1


def test_settings_fixed_by_where_make_no_lines() -> None:
    found = recorded({"net.batch_norm": [True, False], "net.width": list(WIDTHS)})
    curve = Curve(name="a", x="parameters", y="error", split="test", where={"net.batch_norm": False})
    table = aggregate(found, curve, ["net.batch_norm", "net.width"])
    assert len(table) == 3 and table["line"].unique().tolist() == ["test"]


def test_splits_and_layers_are_those_recorded() -> None:
    found = recorded({"net.width": [2]})
    assert aggregate(found, Curve(name="a", x="step", y="error"), [])["split"].unique().tolist() == ["train", "test"]
    layers = aggregate(found, Curve(name="a", x="step", y="norm"), [])
    assert layers["layer"].unique().tolist() == ["conv1", "fc"] and layers["split"].unique().tolist() == [""]


def test_a_layer_that_networks_do_not_have_is_not_missing_there() -> None:
    one, two = {"norm  conv1": [1.0]}, {"norm  conv1": [1.0], "norm  conv2": [2.0]}
    lost = claim_rows.Trial({"net.depth": 2}, two, state="missing")
    trials = [claim_rows.Trial({"net.depth": depth}, values) for depth, values in ((1, one), (2, two))]
    curve = Curve(name="a", x="step", y="norm", group=["net.depth"])
    found = aggregate(claim_rows.recorded([*trials, lost]), curve, ["net.depth"])
    assert found[["net.depth", "layer", "n", "missing"]].to_numpy().tolist() == [
        [1, "conv1", 1, 0], [2, "conv1", 1, 1], [2, "conv2", 1, 1],
    ]  # fmt: skip


def test_time_is_joined_step_by_step() -> None:
    found = aggregate(
        recorded({"net.width": [2, 4]}), Curve(name="a", x="time", y="error", split="test", at="every"), ["net.width"]
    )
    assert found.loc[found["line"] == "width 2", "x"].tolist() == [0.0, 0.5, 1.0, 1.5]


def test_names_lie_in_their_order_on_the_x_axis() -> None:
    found = recorded({"net.batch_norm": [True, False], "net.width": [2]})
    table = aggregate(found, Curve(name="a", x="net.batch_norm", y="error", split="test"), ["net.batch_norm"])
    assert table["x"].tolist() == [0.0, 1.0] and table["x_text"].tolist() == ["yes", "no"]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([4, [4, 8], [8, 8]], ["4", "4-8", "8-8"]),
        ([None, 0.1, 10], ["none", "0.1", "10"]),
        ([True, "auto", 1], ["yes", "auto", "1"]),
        ([None, {"measure": "error", "at_most": 0.5}], ["none", "at most 0.5, measure error"]),
    ],
    ids=["number or list", "number or null", "boolean, text or number", "mapping or null"],
)
def test_an_axis_of_any_kind_is_drawn_with_its_values_as_labels(values: list[Any], texts: list[str]) -> None:
    found = mixed({"a.b": values})
    table = aggregate(found, Curve(name="a", x="a.b", y="error", split="test"), ["a.b"])
    assert table["x_text"].tolist() == texts and table["x"].tolist() == list(range(len(values)))
    assert (table["n"] == SEEDS).all()
    lines = aggregate(found, Curve(name="a", x="step", y="error", split="test"), ["a.b"])
    assert lines["line"].nunique() == len(values) and (lines["n"] == SEEDS).all()


def test_cells_without_the_setting_along_x_have_no_place_there() -> None:
    found = mixed({"net.name": ["wide", "none"], "net.width": [2, 4]})
    found.trials.loc[found.trials["net.name"] == "none", "net.width"] = math.nan
    table = aggregate(found, Curve(name="a", x="net.width", y="error", split="test", group=[]), ["net.width"])
    assert table["x"].dropna().tolist() == [2, 4] and table["x"].isna().sum() == 2


def when(parents: frozenset[str]) -> Frame:
    """gd has one momentum, that of its default; sgd has three."""
    found = mixed({"optimizer.name": ["sgd", "gd"], "optimizer.momentum": [0.0, 0.8, 0.9], "depth": [1, 2, 3]})
    gd, deep = found.trials["optimizer.name"] == "gd", found.trials["depth"]
    momentum = found.trials["optimizer.momentum"]
    kept = found.trials[((momentum == 0.0) == gd) & (deep == np.where(gd, 1, 2))]
    return Frame(kept, found.source, parents)


def test_default_lines_never_join_what_is_not_comparable() -> None:
    curve = Curve(name="a", x="optimizer.momentum", y="error", split="test")
    varied = ["optimizer.name", "optimizer.momentum", "depth"]
    lines = aggregate(when(frozenset()), curve, varied).groupby("line")["x"].apply(list).to_dict()
    assert lines == {"gd": [0.0], "sgd": [0.8, 0.9]}
    lines = aggregate(when(frozenset({"depth"})), curve, varied).groupby("line")["x"].apply(list).to_dict()
    assert lines == {"gd, depth 1": [0.0], "sgd, depth 2": [0.8, 0.9]}
