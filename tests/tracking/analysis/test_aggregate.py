"""Curves against statistics computed directly, and what must never happen to a seed: averaged when it should not be."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit

from tests.support.made_up.made_up_frames import CURVES, SEEDS, STEPS, WIDTHS, noisy, recorded
from tracking.analysis.aggregate import aggregate, both, several, single, values
from tracking.analysis.frame import Frame, Source, as_table
from tracking.analysis.specs.curve_spec import Curve
from tracking.analysis.statistics.bands import median_rank
from tracking.analysis.statistics.intervals import ANY, POSITIVE
from tracking.common.errors import Refused


def test_centre_and_interval_are_those_of_the_seeds() -> None:
    found = aggregate(
        recorded({"net.width": list(WIDTHS)}), Curve(name="a", x="net.width", y="error", split="test"), ["net.width"]
    )
    assert found["x"].tolist() == [2, 4, 8]
    for _, point in found.iterrows():
        values = [noisy({"net.width": point["x"]}, seed, 3, "test") for seed in range(SEEDS)]
        mean = np.mean(values)
        scale = stats.sem(values) / (mean * (1 - mean))  # of the logit of an error, by the delta method
        low, high = expit(stats.t.interval(0.95, SEEDS - 1, logit(mean), scale))
        assert (point["centre"], point["low"], point["high"]) == pytest.approx((np.mean(values), low, high))
        assert point["n"] == SEEDS


@pytest.mark.parametrize(
    ("centre", "band", "reference"),
    [
        ("mean", "sd", lambda v: (v.mean(), v.mean() - v.std(ddof=1), v.mean() + v.std(ddof=1))),
        ("median", "iqr", lambda v: (np.median(v), *np.percentile(v, [25, 75]))),
        ("median", "minmax", lambda v: (np.median(v), v.min(), v.max())),
        ("mean", "none", lambda v: (v.mean(), math.nan, math.nan)),
        ("median", "ci95", lambda v: (np.median(v), math.nan, math.nan)),
    ],
)
def test_bands(centre: Any, band: Any, reference: Callable[[Any], tuple[float, ...]]) -> None:
    curve = Curve(name="a", x="net.width", y="error", split="test", centre=centre, band=band)
    found = aggregate(recorded({"net.width": [2]}), curve, ["net.width"]).iloc[0]
    values = np.array([noisy({"net.width": 2}, seed, 3, "test") for seed in range(SEEDS)])
    assert (found["centre"], found["low"], found["high"]) == pytest.approx(reference(values), nan_ok=True)


@pytest.mark.parametrize("n", [1, 5, 6, 9, 20])
def test_median_interval_covers_and_is_the_narrowest(n: int) -> None:
    """Coverage by counting all outcomes of n fair coins: how many seeds lie below the true median."""

    def coverage(k: int) -> float:
        return float(sum(math.comb(n, below) for below in range(k, n - k + 1)) / 2**n)

    k = median_rank(n)
    assert k == 0 or coverage(k) >= 0.95
    assert coverage(k + 1) < 0.95


def test_median_interval_is_of_order_statistics() -> None:
    from tracking.analysis.statistics.bands import centre_and_band

    values = np.array([*np.random.default_rng(0).random(9), 1.0, 2.0, 3.0])
    found = centre_and_band(values, np.repeat([0, 1], [9, 3]), "median", "ci95", ANY)
    ordered = np.sort(values[:9])
    assert found[["low", "high"]].iloc[0].tolist() == [ordered[1], ordered[7]]
    assert found[["low", "high"]].iloc[1].isna().all()


def test_one_seed_has_no_band() -> None:
    states = {(0, seed): "missing" for seed in range(1, SEEDS)}
    for band in ("ci95", "sd", "iqr", "minmax"):
        curve = Curve(name="a", x="net.width", y="error", split="test", band=band)
        point = aggregate(recorded({"net.width": [2]}, states=states), curve, ["net.width"]).iloc[0]
        assert point["n"] == 1 and math.isnan(point["low"]) and math.isnan(point["high"])
        assert point["centre"] == noisy({"net.width": 2}, 0, 3, "test")


@pytest.mark.parametrize("x", ["net.width", "parameters", "step"])
def test_only_finished_seeds_are_averaged_and_all_are_counted(x: str) -> None:
    states = {(1, 0): "diverged", (1, 1): "failed", (1, 2): "cancelled", (1, 3): "running"}

    def value(settings: dict[str, Any], seed: int, step: int, split: str) -> float:
        return (
            0.25 if states.get((WIDTHS.index(settings["net.width"]), seed)) is None else math.nan if step == 3 else 1e9
        )

    found = aggregate(
        recorded({"net.width": list(WIDTHS)}, value, states),
        Curve(name="a", x=x, y="error", split="test"),
        ["net.width"],
    )
    assert (found["centre"] == 0.25).all()
    here = found[found["n"] < SEEDS]
    assert len(here) == (len(STEPS) if x == "step" else 1)
    assert (here[["n", "diverged", "failed", "missing"]] == [1, 1, 2, 1]).all(axis=None)
    assert (found[["finished", "diverged", "failed", "missing"]].sum(axis=1) == found["planned"]).all()
    assert (found["planned"] == SEEDS).all() and (found["not_finite"] == 0).all()


@pytest.mark.parametrize("at", ["last", "best", "every"])
@pytest.mark.parametrize("ugly", [math.inf, -math.inf, math.nan])
def test_a_value_that_is_not_finite_is_counted_not_averaged(ugly: float, at: Any) -> None:
    def value(_: dict[str, Any], seed: int, step: int, split: str) -> float:
        return ugly if seed == 0 or (seed == 1 and step == 3) else 0.5

    x = "step" if at == "every" else "net.width"
    curve = Curve(name="a", x=x, y="error", split="test", at=at, band="none")
    found = recorded({"net.width": [2]}, value, {(0, 4): "missing"})
    point = aggregate(found, curve, ["net.width"]).iloc[-1]
    lost = 1 if at == "best" and ugly != -math.inf else 2  # the smallest finite value of seed 1 is its best one
    assert (point["centre"], point["n"], point["not_finite"]) == (0.5, SEEDS - 1 - lost, lost)
    assert point[["planned", "finished", "missing"]].tolist() == [SEEDS, SEEDS - 1, 1]
    every = values(found, curve, ["net.width"])
    last = every[every["x"] == point["x"]]
    assert len(last) == SEEDS - 1 and np.isfinite(last["value"]).sum() == point["n"]


def test_nothing_but_infinite_values_is_a_point_without_a_centre() -> None:
    found = recorded({"net.width": list(WIDTHS)}, lambda s, *_: math.inf if s["net.width"] == 4 else 0.5)
    table = aggregate(found, Curve(name="a", x="net.width", y="error", split="test"), ["net.width"])
    assert table["x"].tolist() == [2, 4, 8]
    assert table["n"].tolist() == [SEEDS, 0, SEEDS] and table["not_finite"].tolist() == [0, SEEDS, 0]
    assert table["centre"].isna().tolist() == [False, True, False]


def test_a_cell_of_which_nothing_is_recorded_is_counted() -> None:
    states = {(2, seed): "missing" for seed in range(SEEDS)}
    found = recorded({"net.width": list(WIDTHS)}, states=states)
    by_width = aggregate(found, Curve(name="a", x="net.width", y="error", split="test"), ["net.width"])
    assert by_width["x"].tolist() == [2, 4, 8] and by_width["missing"].tolist() == [0, 0, SEEDS]
    by_size = aggregate(found, Curve(name="a", x="parameters", y="error", split="test"), ["net.width"])
    assert by_size["x"].isna().tolist() == [False, False, True] and by_size["missing"].sum() == SEEDS


def test_nothing_recorded_is_a_table_of_missing_trials() -> None:
    states = {(cell, seed): "missing" for cell in range(3) for seed in range(SEEDS)}
    found = aggregate(
        recorded({"net.width": list(WIDTHS)}, states=states), Curve(name="a", x="parameters", y="error"), ["net.width"]
    )
    assert found["n"].sum() == 0 and found["missing"].sum() == 3 * SEEDS


def test_best_is_where_the_test_split_is_smallest_in_that_trial() -> None:
    def value(_: dict[str, Any], seed: int, step: int, split: str) -> float:
        return abs(step - seed % 3) + 1.0 if split == "test" else 10.0 * step

    found = recorded({"net.width": [2]}, value)
    curve = Curve(name="a", x="net.width", y="error", split=["train", "test"], at=["last", "best"])
    centres = aggregate(found, curve, ["net.width"]).set_index(["split", "at"])["centre"]
    assert centres["test", "best"] == 1.0
    assert centres["train", "best"] == np.mean([10.0 * (seed % 3) for seed in range(SEEDS)])
    assert centres["train", "last"] == 30.0


def test_single_is_what_is_averaged() -> None:
    found = recorded({"net.width": list(WIDTHS)}, states={(0, 1): "diverged"})
    curve = Curve(name="a", x="parameters", y="error", at=["last", "best"])
    table, seeds = (f(found, curve, ["net.width"]) for f in (aggregate, single))
    means = seeds.groupby(["line", "x"])["value"].agg(["mean", "size"])
    for _, point in table.iterrows():
        assert means.loc[(point["line"], point["x"])].tolist() == pytest.approx([point["centre"], point["n"]])


def test_points_are_trials() -> None:
    curve = Curve(name="a", x="error", x_split="train", y="error", split="test", points=True)
    table = aggregate(recorded({"net.width": list(WIDTHS)}), curve, ["net.width"])
    assert len(table) == 3 * SEEDS and (table["n"] == 1).all()
    pairs = {
        (noisy({"net.width": w}, s, 3, "train"), noisy({"net.width": w}, s, 3, "test"))
        for w in WIDTHS
        for s in range(SEEDS)
    }
    assert set(zip(table["x"], table["centre"], strict=True)) == pairs


def test_several_curves_go_into_one_parquet_file(tmp_path: Any) -> None:
    found = recorded({"net.batch_norm": [True, False], "net.width": list(WIDTHS)})
    found.trials["net.layers"] = [(8, 16)] * len(found.trials)
    varied = ["net.batch_norm", "net.width"]
    curves = [
        Curve(name="a", x="parameters", y="error"),
        Curve(name="b", x="net.batch_norm", y="norm"),
        Curve(name="c", x="step", y="error", group=["net.batch_norm", "net.width", "net.layers"]),
    ]
    whole = pd.concat([aggregate(found, curve, varied) for curve in curves], ignore_index=True)
    whole.to_parquet(tmp_path / "curves.parquet")
    assert len(pd.read_parquet(tmp_path / "curves.parquet")) == len(whole)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"x": "step", "y": "error", "group": ["net.width"]}, "net.batch_norm: name that in `group`"),
        ({"x": "net.width", "y": "error", "group": []}, "net.batch_norm"),
        ({"x": "net.width", "y": "error", "at": "every"}, "several points at the same net.width"),
        ({"x": "error", "x_split": "train", "y": "error", "split": "test"}, "points: true"),
        ({"x": "paramters", "y": "error"}, "did you mean 'parameters'"),
        ({"x": "step", "y": "eror"}, "did you mean 'error'"),
        ({"x": "step", "y": "norm", "split": "test"}, "not recorded for split 'test'"),
        ({"x": "net.width", "y": "norm", "at": "matched"}, "needs risk on the training split"),
        ({"x": "step", "y": "error", "where": {"net.widht": 2}}, "did you mean 'net.width'"),
        ({"x": "step", "y": "error", "where": {"net.width": 3}}, "net.width is one of"),
        ({"x": "step", "y": "error", "group": ["net.depth"]}, "unknown setting 'net.depth'"),
        ({"x": "parameters", "y": "error", "threshold": "train_points"}, "unknown setting 'train_points'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(fields: dict[str, Any], message: str) -> None:
    found = recorded({"net.batch_norm": [True, False], "net.width": [2, 4]})
    with pytest.raises(Refused, match=message.replace("`", ".")):
        aggregate(found, Curve(name="a", **fields), ["net.batch_norm", "net.width"])


@pytest.mark.parametrize(
    "fields",
    [
        {"x": "step", "at": "best"},
        {"x": "step", "band": "sd", "centre": "median"},
        {"x": "step", "threshold": True},
        {"x": "step", "name": "a/b"},
        {"x": "step", "bnad": "sd"},
    ],
)
def test_what_contradicts_itself_is_refused_before_anything_runs(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Curve.model_validate({"name": "a", "y": "error", **fields})


def test_one_value_may_stand_for_a_list_also_in_the_schema() -> None:
    assert Curve(name="a", x="net.width", y="error", split="test", at="best").at == ("best",)
    kinds = Curve.model_json_schema()["properties"]["at"]["anyOf"]
    assert {"enum": ["first", "last", "best", "every", "matched"], "type": "string"} in kinds


def test_curves_that_are_read_together_are_what_each_is_alone_and_one_that_cannot_be_is_an_error() -> None:
    found = recorded({"net.width": [2, 4], "net.batch_norm": [False, True]}, states={(0, 1): "diverged"})
    varied = ["net.width", "net.batch_norm"]
    curves = [
        Curve(name="widths", x="net.width", y="error", at=("last", "best")),
        Curve(name="lost", x="net.width", y="margin"),
        Curve(name="some", x="step", y="error", where={"net.batch_norm": True}, centre="median", band="iqr"),
        Curve(name="trials", x="parameters", y="error", points=True),
        Curve(name="seeds", x="net.width", y="error", group=("seed", "net.batch_norm"), split="test"),
    ]
    for curve, tables in zip(curves, several(found, curves, varied), strict=True):
        if isinstance(tables, Exception):
            assert curve.name == "lost" and isinstance(tables, Refused) and "margin" in str(tables)
            continue
        for one, alone in zip(tables, both(found, curve, varied), strict=True):
            assert len(one)
            pd.testing.assert_frame_equal(one, alone, check_exact=True)


def test_a_band_stays_within_the_bounds_that_its_measure_says() -> None:
    whole = recorded({"net.width": [2, 8]}, lambda settings, seed, step, split: 0.01 + seed**4)
    curve = Curve(name="a", x="net.width", y="error", split="test")
    unknown, known = (
        aggregate(f, curve, ["net.width"])
        for f in (replace(whole, bounds={}), replace(whole, bounds={"error": POSITIVE}))
    )
    assert (unknown["low"] < 0).all() and (known["low"] > 0).all()
    assert known["centre"].tolist() == unknown["centre"].tolist() and (known["high"] > unknown["high"]).all()


FEW = {"net.width": [2, 8]}
WHOLE = recorded(FEW)
DRAWN = [curve for curve in CURVES if curve.name in ("last", "layers", "points")]
PARTS = {trial: as_table(rows) for trial, rows in WHOLE.rows.groupby("trial", observed=True)}


@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_the_order_of_bundles_and_of_seeds_does_not_change_a_digit(data: st.DataObject) -> None:
    """Trials spread over bundles in any way, read in any order, and planned with their seeds in any order."""
    trials, seeds = WHOLE.trials.index.tolist(), data.draw(st.permutations(range(SEEDS)))
    bundles = {trial: data.draw(st.integers(0, 3)) for trial in trials}
    rows = {b: pa.concat_tables([PARTS[t] for t in trials if bundles[t] == b]) for b in set(bundles.values())}
    source = Source({trial: (str(bundle),) for trial, bundle in bundles.items()}, lambda part: rows[int(part)])
    planned = [f"{cell}-{seed}" for cell in range(2) for seed in seeds]
    shuffled = Frame(WHOLE.trials.loc[planned], source, bounds=WHOLE.bounds)
    both_ways = zip(several(WHOLE, DRAWN, [*FEW]), several(shuffled, DRAWN, [*FEW]), strict=True)
    for curve, (one, other) in zip(DRAWN, both_ways, strict=True):
        for table, again in zip(in_order(one, curve), in_order(other, curve), strict=True):
            pd.testing.assert_frame_equal(table, again, check_exact=True)


def in_order(found: "tuple[pd.DataFrame, pd.DataFrame] | Exception", curve: Curve) -> list[pd.DataFrame]:
    """Both tables; points of single trials, which lie in the order of the trials, in one of their own."""
    if isinstance(found, Exception):
        raise found
    return [t.sort_values([*t], ignore_index=True) if curve.points else t for t in found]
