"""Trials that break, workers that die or hang, Ray that fails: who is at fault is found, and all others finish."""

import os
import signal
from typing import Any

import pytest

from tests.support.launching.launches import Place, sweep
from tests.support.launching.waiting import until
from tests.support.stores import compare_records

LONG = sweep("misbehaving", {"steps": 40, "pause": 0.1}, {"seed": {"count": 8}})
SOUND = 9  # trials beside the broken one


def with_one_that(does: str) -> str:
    """A sweep of trials that count, and of one that misbehaves in its fourth step."""
    grid: dict[str, Any] = {"does": ["count", does], "seed": {"count": SOUND}}
    return sweep("misbehaving", {"steps": 6}, grid, exclude=[{"does": does, "seed": s} for s in range(1, SOUND)])


def outcomes(place: Place) -> dict[str, list[str]]:
    """Reasons by state."""
    found: dict[str, list[str]] = {}
    for one in compare_records.held(place.store).values():
        found.setdefault(one.outcome[0], []).append(one.outcome[2])
    return found


@pytest.mark.parametrize(
    ("does", "options", "reason"),
    [
        ("raise", (), "this trial is broken"),
        pytest.param("raise", ("--ray",), "this trial is broken", marks=[pytest.mark.faults, pytest.mark.ray]),
        pytest.param("crash", ("--ray",), "died", marks=[pytest.mark.timeout(600), pytest.mark.ray]),
        pytest.param("exit", ("--ray",), "died", marks=[pytest.mark.faults, pytest.mark.timeout(600)]),
    ],
    ids=["raises", "raises in ray", "crashes", "exits"],
)
def test_the_one_that_breaks_its_bundle_is_found_and_the_others_finish(
    place: Place, does: str, options: tuple[str, ...], reason: str
) -> None:
    launch = place.write(with_one_that(does)).launch(*options, seconds=500)
    assert launch.code == 1, launch.err
    found = outcomes(place)
    assert len(found["finished"]) == SOUND and len(found["failed"]) == 1
    assert reason in found["failed"][0]
    assert launch.result["failures"], "failures are said, grouped by their error"
    again = place.launch()
    assert again.result["trials"]["run"] == 0, "a failed trial is not run again unless it is asked for"


def test_a_bundle_that_needs_too_much_memory_is_split_until_it_fits(place: Place) -> None:
    """Each trial of `eat` takes memory in proportion to its bundle, of a process that may have that of two."""
    place.write(sweep("misbehaving", {"steps": 6, "does": "eat"}, {"seed": {"count": 24}}))
    launch = place.launch()
    assert launch.code == 0, launch.err
    assert len(outcomes(place)["finished"]) == 24
    sizes = [len(m["trials"]) for m in compare_records.manifests(place.store)]
    assert max(s for s in sizes) > 2 and min(sizes) <= 2


@pytest.mark.ray
@pytest.mark.faults
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("kind", "number", "codes"),
    [
        ("worker", signal.SIGKILL, (0,)),
        ("worker", signal.SIGSTOP, (0,)),
        ("raylet", signal.SIGKILL, (75,)),
        ("gcs", signal.SIGKILL, (75,)),
        ("driver", signal.SIGKILL, (-signal.SIGKILL,)),
        ("driver", signal.SIGTERM, (75,)),
    ],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else str(value),
)
def test_under_ray_whatever_ends_or_hangs_nothing_is_lost_and_nothing_waits_for_ever(
    place: Place, kind: str, number: signal.Signals, codes: tuple[int, ...]
) -> None:
    running = place.write(LONG).start("--ray")
    place.begun(running, 4)
    victim = until(lambda: running.pids(kind), f"a process of kind {kind}", 30)[0]
    os.kill(victim, number)
    assert running.wait(120) in codes, running.err
    until(lambda: not running.processes(), "the end of all its processes, Ray's agents last", 150)
    assert compare_records.part_of(place.store, place.undisturbed()) and compare_records.held(place.store)
    if kind == "worker" and number == signal.SIGSTOP:
        assert "has not reported for" in running.err
    place.is_whole()


@pytest.mark.ray
@pytest.mark.faults
@pytest.mark.parametrize("kind", ["driver", "gcs", "raylet", "worker"])
def test_asked_to_stop_as_soon_as_there_is_a_process_of_this_kind(place: Place, kind: str) -> None:
    running = place.write(LONG).start("--ray")
    until(lambda: running.pids(kind), f"a process of kind {kind}")
    running.send(signal.SIGTERM)
    assert running.wait() in (75, -signal.SIGTERM), running.err
    until(lambda: not running.processes(), "the end of all its processes, Ray's agents last", 150)
    place.is_whole()


@pytest.mark.ray
@pytest.mark.faults
def test_a_ray_that_is_slow_to_answer_only_takes_longer(place: Place) -> None:
    """Every message between Ray's processes is up to 20 ms late."""
    place.write(LONG).launch("--ray", RAY_testing_asio_delay_us="*=0:20000", seconds=300).ends(0)
    place.is_whole()


@pytest.mark.ray
@pytest.mark.faults
def test_rays_token_is_in_no_file_of_ours(place: Place) -> None:
    """Whoever has it may run code as this user. With a mask that hides no file from anybody."""
    token = "5" * 64
    launch = place.write(with_one_that("raise")).launch("--ray", umask=0, RAY_AUTH_TOKEN=token)
    assert launch.code == 1, launch.err
    files = [p for p in (*place.folder.rglob("*"), *launch.base.parent.glob(f"{launch.base.name}.*")) if p.is_file()]
    assert len(files) > 10 and [p for p in files if token.encode() in p.read_bytes()] == []
