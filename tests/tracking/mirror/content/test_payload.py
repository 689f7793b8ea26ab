"""What is sent to MLflow: names and values that it takes, points that are left out, curves as metrics."""

import math

import numpy as np
import pandas as pd

from tests.support.stores.mirrored_sweep import ABOUT
from tracking.mirror.content.curve_runs import CurveLine, curve_lines, metric_key
from tracking.mirror.content.payload import params, run_name, text
from tracking.mirror.content.points import Flags, kept, stamp
from tracking.records.manifests.manifest import TrialRecord


def test_thinning_keeps_what_was_sent_and_the_ends_and_stays_small() -> None:
    def of_one_series(count: int, final: bool) -> Flags:
        return kept(np.arange(count), np.full(count, count), np.full(count, final))

    for count in (1, 2, 40, 70, 200, 1000, 10_000):
        live, final = of_one_series(count, False), of_one_series(count, True)
        assert live[0] and final[0] and final[-1]
        assert not (live & ~final).any()
        assert (of_one_series(count + 1000, False)[:count] == live).all()
        assert final.sum() <= min(count, 16 + 4 * max(math.log2(count / 16), 0) + 33)
        assert np.diff(np.flatnonzero(final)).max(initial=0) <= math.ceil(count / 32)
    assert of_one_series(0, True).sum() == 0


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
    values = {
        "curve/a": {260: 0.5, 900: 0.25},
        "curve_band/a low": {260: 0.4, 900: 0.4},
        "curve_seeds/a n": {260: 3.0, 900: 3.0},
    }
    assert lines == (CurveLine("a", "test, noise=0", values),)
    assert lines[0].name == "a: test, noise=0"


def test_names_and_values_are_made_fit_for_mlflow_visibly() -> None:
    settings = {"net.width": 16, "data.label_noise": 0.1, "seed": 3}
    assert run_name(settings, ("net.width", "data.label_noise")) == "width 16 · noise 0.1 · seed 3"
    assert run_name({"a.width": 1, "b.width": 2, "seed": 0}, ("a.width", "b.width")) == "a.width 1 · b.width 2 · seed 0"
    assert metric_key("norm[0]", "", "test") == "norm_0_/test"
    cut = text("x" * 7000, 6000)
    assert len(cut) == 6000 and cut.endswith("x... (7000 characters, all of them in the records)")


def recorded(clock: tuple[tuple[int, int], ...]) -> TrialRecord:
    settings = {"net": {"width": 16, "batch_norm": False}, "until": None, "rate": 0.0, "seed": 1}
    return TrialRecord("t", "c", "network", settings, "b", "finished", clock[-1][0], "", 1, 1000, clock, (ABOUT,))


def test_steps_are_spread_between_the_commits_that_are_known() -> None:
    """The last step of a commit has its time; those before it lie evenly after the commit before, or the start."""
    trial = recorded(((3, 1400), (3, 1500), (13, 2500)))
    assert [stamp(trial, step) for step in range(-1, 4)] == [1000, 1100, 1200, 1300, 1400]
    assert [stamp(trial, step) for step in (4, 8, 13, 14)] == [1600, 2000, 2500, 2500]
    times = [stamp(recorded(((4, 1400), (9, 1900), (7, 2000), (12, 2500))), step) for step in range(13)]
    assert times == sorted(times), "after a return to an older commit, too"


def test_params_are_what_mlflows_own_log_param_writes() -> None:
    assert params(recorded(((0, 1000),))) == {
        "experiment": "network", "net.width": "16", "net.batch_norm": "False", "until": "None", "rate": "0.0",
        "seed": "1",
    }  # fmt: skip
