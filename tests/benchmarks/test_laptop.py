"""benchmarks/laptop.py knows every shipped sweep, finds the functions that it times, and counts no time twice."""

import functools
import importlib
import time
from pathlib import Path

import pytest
import yaml

import sweeps
from benchmarks import laptop
from tracking.common.program_sources import shipped_sweeps


def test_every_shipped_sweep_is_measured() -> None:
    assert {*laptop.SHORTENED, *laptop.COMPUTED} == {*shipped_sweeps()}


@pytest.mark.parametrize("part", laptop.DOORS)
def test_the_functions_that_are_timed_exist(part: str) -> None:
    for module, path in laptop.DOORS[part]:
        assert callable(functools.reduce(getattr, path.split("."), importlib.import_module(module)))


@pytest.mark.parametrize("name", ["fig1", "fig5", "sec6"])
@pytest.mark.parametrize("digits", [False, True])
def test_the_shortened_file_is_a_sweep_with_one_seed(name: str, digits: bool, tmp_path: Path) -> None:
    sweep = sweeps.read(str(laptop.shortened(name, digits, tmp_path)), "laptop")
    trials = sweeps.plan(sweep, str(tmp_path / "runs")).to_run
    assert {t.settings.seed for t in trials} == {0}
    names = {t.settings.data.name for t in trials}
    assert names == ({"digits"} if digits else {"cifar10"})


def test_the_profile_that_is_shortened_is_the_shipped_one(tmp_path: Path) -> None:
    changed = yaml.safe_load(laptop.shortened("fig2", False, tmp_path).read_text())
    shipped = yaml.safe_load(shipped_sweeps()["fig2"].read_text())
    assert {k: v for k, v in changed.items() if k != "profiles"} == {
        k: v for k, v in shipped.items() if k != "profiles"
    }


def test_a_part_that_another_one_calls_is_not_counted_twice() -> None:
    clock = laptop.Clock()
    inner = clock.timed("inner", lambda: _work(0.02))

    def outer() -> None:
        inner()
        _work(0.01)

    before = time.thread_time()
    clock.timed("outer", outer)()
    assert sum(clock.seconds.values()) <= time.thread_time() - before
    assert clock.seconds["inner"] >= 0.02 and 0.01 <= clock.seconds["outer"] < 0.02


def _work(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass
