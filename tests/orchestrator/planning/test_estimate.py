"""Estimates come from what this machine has shown, and say so; a machine that was never used gets arithmetic."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.planning import estimate, measured_speeds
from orchestrator.planning.estimate import EARLY, SOURCES, UNSURE, Speeds, own_processor_s, remember_overhead, schedule
from orchestrator.planning.measured_speeds import Spent
from orchestrator.spec.load import read
from workers.bundle import Bundle, together
from workers.trial import Trial

SETTINGS: dict[str, Any] = {
    "data": {"name": "digits", "train_size": 500},
    "net": {"name": "convnet", "depth": 3, "width": 8},
    "epochs": 900,
}
ENDS_EARLY = {"measure": "error", "split": "train", "at_most": 0.0}


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def trial(width: int = 8, seed: int = 0, **changes: Any) -> Trial:
    return Trial.of("network", {**SETTINGS, "net": {**SETTINGS["net"], "width": width}, "seed": seed, **changes})


def ran(trials: list[Trial], seconds: float, visits: int | None = None) -> tuple[Bundle, Spent]:
    planned = sum(500 * int(t.plain["epochs"]) for t in trials)
    return together(trials), Spent(seconds, planned if visits is None else visits)


def seconds(one: Trial, device: str = "cpu: x") -> float:
    return Speeds(device).bundle(together([one])).seconds


def source(one: Trial, device: str = "cpu: x") -> str:
    return Speeds(device).bundle(together([one])).source


def test_where_nothing_was_seen_it_is_arithmetic_and_said_to_be() -> None:
    found = Speeds("cpu: x").estimate([together([trial()])], 2)
    assert found.sources == {"arithmetic": 1} and found.earlier == {}
    assert 0 < found.low_s < found.wall_s < found.high_s
    assert seconds(trial(width=64)) > 3 * seconds(trial(width=8))


def test_what_was_seen_is_remembered_by_kind_and_scales_with_the_work() -> None:
    Speeds("cpu: x").remember([ran([trial(seed=0), trial(seed=1)], 100.0)])
    assert source(trial(seed=5)) == source(trial(epochs=9000)) == SOURCES[0]
    assert seconds(trial(seed=5)) == pytest.approx(50.0, rel=0.01)
    assert seconds(trial(epochs=1800)) == pytest.approx(100.0, rel=0.01)
    assert [source(trial(width=16)), source(trial(precision="float64"))] == [SOURCES[1], SOURCES[1]]
    assert source(Trial.of("ridge", {"examples": 20, "inputs": 50, "ridge": 0.1})) == SOURCES[3]
    assert source(trial(), "cpu: another") == SOURCES[4]


def test_short_runs_do_not_vote_on_long_ones() -> None:
    Speeds("cpu: x").remember([ran([trial()], 100.0)])
    before = seconds(trial())
    Speeds("cpu: x").remember([ran([trial(seed=1)], 0.9)])
    assert seconds(trial()) == before
    for seed in range(2, 6):  # four, of a hundredth of its time each, and a tenth of its speed
        Speeds("cpu: x").remember([ran([trial(seed=seed, epochs=90)], 100.0)])
        Speeds("cpu: x").remember([ran([trial(seed=seed)], 100.0)])
    assert 0.9 * before < seconds(trial())


def test_bundles_of_one_launch_are_measured_together() -> None:
    Speeds("cpu: x").remember([ran([trial(seed=s)], 0.8) for s in range(4)])
    assert source(trial()) == SOURCES[0] and seconds(trial()) == pytest.approx(0.8, rel=0.05)


def test_a_range_is_wider_where_less_is_known() -> None:
    def width(one: Trial) -> float:
        found = Speeds("cpu: x").bundle(together([one]))
        return found.high / found.low

    Speeds("cpu: x").remember([ran([trial()], 100.0)])
    assert width(trial()) < width(trial(width=16)) < UNSURE["arithmetic"] ** 2


def test_trials_that_may_end_early_take_a_share_of_their_steps() -> None:
    one = trial(until=ENDS_EARLY)
    found = Speeds("cpu: x").bundle(together([one]))
    assert found.seconds < (1.1 * EARLY) * seconds(trial()) + 0.2 and found.high > seconds(trial())
    Speeds("cpu: x").remember([ran([trial(until=ENDS_EARLY, seed=1)], 50.0, visits=45_000)])  # a tenth of them
    assert seconds(one) == pytest.approx(50.0, rel=0.01)
    assert seconds(trial()) == pytest.approx(500.0, rel=0.01) and source(trial()) == SOURCES[1]


def test_several_lanes_share_the_work_but_not_one_bundle() -> None:
    Speeds("cpu: x").remember([ran([trial()], 50.0)])
    bundles = [together([trial(seed=s)]) for s in range(4)]
    assert Speeds("cpu: x").estimate(bundles, 2).wall_s == pytest.approx(100.0, rel=0.01)
    assert Speeds("cpu: x").estimate(bundles[:1], 2, overhead_s=7.0).wall_s == pytest.approx(57.0, rel=0.01)
    assert schedule([3.0, 3.0, 2.0, 2.0, 2.0], 2) == 7.0 and schedule([], 2) == 0.0


def test_how_far_estimates_of_these_trials_were_off_is_remembered() -> None:
    for took in (100.0, 50.0, 200.0):
        Speeds("cpu: x").remember([ran([trial()], took)])
    earlier = Speeds("cpu: x").estimate([together([trial(seed=7)])], 1).earlier
    assert (earlier["n"], earlier["highest"]) == (2, pytest.approx(2.0, rel=0.01))
    assert earlier["lowest"] == pytest.approx(0.4, rel=0.1)
    assert Speeds("cpu: x").estimate([together([trial(width=16)])], 1).earlier == {}


def test_the_processor_time_of_launches_says_how_long_start_and_end_take() -> None:
    demo = read("demo")
    own, ray = own_processor_s(demo, 48), Speeds("cpu: x").overhead_s(demo, 48, False) - own_processor_s(demo, 48)
    assert Speeds("cpu: x").overhead_s(demo, 48, True) == own and ray > 0
    for times in (2.0, 2.1, 9.0):
        remember_overhead("cpu: x", demo, 48, True, times * own)
    assert Speeds("cpu: x").overhead_s(demo, 48, True) == pytest.approx(2.1 * own)
    assert Speeds("cpu: x").overhead_s(demo, 48, False) == own + ray, "Ray's part, and its launches, are apart"
    remember_overhead("cpu: x", demo, 48, False, 0.5 * own)
    assert Speeds("cpu: x").overhead_s(demo, 48, False) == pytest.approx(0.5 * own + ray)


def test_a_loaded_machine_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "cores", lambda: 4)
    slowed = {}
    for load in (1.0, 2.5, 9.0):
        monkeypatch.setattr("os.getloadavg", lambda load=load: (load, 0.0, 0.0))
        slowed[load] = Speeds("cpu: x").estimate([together([trial()])], 4).slowed
    assert slowed == {1.0: 1.0, 2.5: 1.0, 9.0: 3.0}


@pytest.fixture(params=["damaged", "of another version", "a folder", "no cache"])
def useless_cache(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    file = tmp_path / "sweep/estimates.json"
    file.parent.mkdir()
    if request.param == "a folder":
        file.mkdir()
    elif request.param == "no cache":
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    else:
        file.write_text('{"cpu' if request.param == "damaged" else '{"cpu: x": {"samples": {"a": [{"factor": "x"}]}}}')
    yield


@pytest.mark.usefixtures("useless_cache")
def test_a_cache_that_cannot_be_used_fails_nothing() -> None:
    assert source(trial()) == SOURCES[4]
    Speeds("cpu: x").remember([ran([trial()], 100.0)])
    remember_overhead("cpu: x", read("demo"), 48, True, 5.0)
    assert seconds(trial()) > 0


def test_what_was_measured_of_kept_networks_says_nothing_of_the_speed_of_training() -> None:
    from dataclasses import replace

    bundle, spent = ran([trial()], 100.0)
    Speeds("cpu: x").remember([(replace(bundle, trained_in={trial().id: "b"}), spent)])
    assert source(trial()) == SOURCES[4]


def test_impossible_numbers_are_not_kept() -> None:
    for took in (float("inf"), float("nan"), 0.0, -1.0):
        Speeds("cpu: x").remember([ran([trial()], took)])
    assert measured_speeds.read().get("cpu: x", measured_speeds.Measured()).samples == {}


def test_kinds_differ_by_network_and_data_not_by_seed_or_amount() -> None:
    def kind(one: Trial) -> str:
        return measured_speeds.work(together([one]), "cpu").names.kind

    assert kind(trial(seed=1)) == kind(trial(seed=2, epochs=50)) != kind(trial(width=4))
    assert kind(trial(until=ENDS_EARLY)) != kind(trial(until=ENDS_EARLY, epochs=50))


def test_an_estimate_that_was_far_too_low_is_remembered_and_no_error() -> None:
    for took in (1e4, 1e9):
        Speeds("cpu: x").remember([ran([trial()], took)])
    assert source(trial()) == SOURCES[0] and seconds(trial()) > 1e4
