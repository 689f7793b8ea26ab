"""What is sent to MLflow: names and values that it takes, points that are left out, curves as metrics."""

import math

import numpy as np
import pandas as pd

from tracking.mirror.payload import curve_lines, kept, metric_key, run_name, text


def test_thinning_keeps_what_was_sent_and_the_ends_and_stays_small() -> None:
    for count in (1, 2, 40, 70, 200, 1000, 10_000):
        live, final = kept(count, False), kept(count, True)
        assert live[0] and final[0] and final[-1]
        assert not (live & ~final).any()
        assert (kept(count + 1000, False)[:count] == live).all()
        assert final.sum() <= min(count, 16 + 4 * max(math.log2(count / 16), 0) + 33)
        assert np.diff(np.flatnonzero(final)).max(initial=0) <= math.ceil(count / 32)
    assert kept(0, True).sum() == 0


def test_curves_become_metrics_where_x_is_a_whole_number() -> None:
    common = {"low": 0.4, "high": math.nan, "n": 3}
    table = pd.DataFrame(
        [
            {"curve": "a", "line": "test, noise=0", "x": 260.0, "centre": 0.5, **common},
            {"curve": "a", "line": "test, noise=0", "x": 900.0, "centre": 0.25, **common},
            {"curve": "a", "line": "test, noise=0", "x": math.nan, "centre": math.nan, **common},
            {"curve": "b", "line": "test", "x": 0.5, "centre": 0.5, **common},
        ]
    )
    lines, left_out = curve_lines(table)
    assert left_out == ["b"]
    assert lines == {
        "curve_a/test noise 0": {260: 0.5, 900: 0.25},
        "curve_a: band/test noise 0 low": {260: 0.4, 900: 0.4},
        "curve_a: seeds/test noise 0 n": {260: 3.0, 900: 3.0},
    }


def test_names_and_values_are_made_fit_for_mlflow_visibly() -> None:
    settings = {"net.width": 16, "data.label_noise": 0.1, "seed": 3}
    assert run_name(settings, ("net.width", "data.label_noise")) == "width 16 · noise 0.1 · seed 3"
    assert run_name({"a.width": 1, "b.width": 2, "seed": 0}, ("a.width", "b.width")) == "a.width 1 · b.width 2 · seed 0"
    assert metric_key("norm[0]", "", "test") == "norm_0_/test"
    cut = text("x" * 7000, 6000)
    assert len(cut) == 6000 and cut.endswith("x... (7000 characters, all of them in the records)")
