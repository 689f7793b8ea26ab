"""Estimates come from what this machine has shown, and say so; a machine that was never used gets a rough rate."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.planning.estimate import ROUGH_RATE, SOURCES, Speeds, kind
from orchestrator.planning.pack import cost
from tracking.records.manifest import AT_THE_END, Manifest, Observed, TrialEntry
from tracking.records.provenance import Provenance
from workers.bundle import together
from workers.trial import Trial

SETTINGS: dict[str, Any] = {"data": {"name": "digits"}, "net": {"name": "convnet", "depth": 3, "width": 8}, "epochs": 9}


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def trial(width: int = 8, seed: int = 0, epochs: int = 9) -> Trial:
    return Trial.of("network", {**SETTINGS, "net": {**SETTINGS["net"], "width": width}, "seed": seed, "epochs": epochs})


def manifest(trials: list[Trial], seconds: float, device: str = "cpu: x") -> Manifest:
    ended = tuple(TrialEntry(t.id, t.cell, t.plain, "finished") for t in trials)
    clock = ((0, 1000), (9, 1000 + round(1000 * seconds)))
    return Manifest("b", "network", 9, ended, 1000, (Provenance(device=device),), (0, 0), clock=clock)


def test_where_nothing_was_seen_the_rate_is_rough_and_said_to_be() -> None:
    found = Speeds("cpu: x").estimate([together([trial()])], 2)
    assert found.sources == {SOURCES[2]: 1} and found.earlier == {}
    assert found.wall_s == pytest.approx(cost(trial()) / ROUGH_RATE)


def test_what_was_seen_is_remembered_by_kind_and_scales_with_the_work() -> None:
    Speeds("cpu: x").remember([manifest([trial(seed=0), trial(seed=1)], 10.0)])
    speeds = Speeds("cpu: x")
    seconds, source = speeds.seconds(together([trial(seed=5)]))
    assert (seconds, source) == (pytest.approx(5.0), SOURCES[0])
    assert speeds.seconds(together([trial(epochs=18)]))[0] == pytest.approx(10.0, rel=1e-6)
    assert speeds.seconds(together([trial(width=16)]))[1] == SOURCES[1]
    assert Speeds("cpu: another").seconds(together([trial()]))[1] == SOURCES[2]


def test_what_was_measured_of_kept_networks_says_nothing_of_the_speed_of_training() -> None:
    observed = Observed((("sharpness", ""),), AT_THE_END)
    Speeds("cpu: x").remember([replace(manifest([trial()], 10.0), observed=observed)])
    assert Speeds("cpu: x").seconds(together([trial()]))[1] == SOURCES[2]


def test_several_lanes_share_the_work_but_not_one_bundle() -> None:
    Speeds("cpu: x").remember([manifest([trial()], 10.0)])
    bundles = [together([trial(seed=s)]) for s in range(4)]
    assert Speeds("cpu: x").estimate(bundles, 2).wall_s == pytest.approx(20.0)
    assert Speeds("cpu: x").estimate(bundles[:1], 2).wall_s == pytest.approx(10.0)


def test_how_far_estimates_were_off_is_remembered() -> None:
    for seconds in (10.0, 5.0, 20.0):
        Speeds("cpu: x").remember([manifest([trial()], seconds)])
    earlier = Speeds("cpu: x").estimate([together([trial()])], 1).earlier
    assert (earlier["n"], earlier["lowest"], earlier["highest"]) == (2, pytest.approx(7.5 / 20, rel=0.2), 2.0)


def test_other_devices_unfinished_and_tiny_bundles_say_nothing(tmp_path: Path) -> None:
    one = manifest([trial()], 0.01)
    Speeds("cpu: x").remember([one, manifest([trial()], 10.0, "another")])
    assert Speeds("cpu: x").rates == {}
    (tmp_path / "sweep/speeds.json").write_text('{"cpu')
    assert Speeds("cpu: x").rates == {}


def test_kinds_differ_by_network_and_data_not_by_seed_or_rate() -> None:
    assert kind(trial(seed=1)) == kind(trial(seed=2, epochs=50)) != kind(trial(width=4))


def test_an_estimate_that_was_far_too_low_is_remembered_and_no_error() -> None:
    for seconds in (1e4, 1e9):
        Speeds("cpu: x").remember([manifest([trial()], seconds)])
    assert Speeds("cpu: x").estimate([together([trial()])], 1).earlier["lowest"] == pytest.approx(1e-5, rel=0.01)
