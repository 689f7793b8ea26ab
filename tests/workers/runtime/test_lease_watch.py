"""A computation looks at its launch's lease between its steps, and stops once another launch has taken it over."""

from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.launching.waiting import until
from tests.support.networks import snapshots
from tracking.common.errors import InUse
from tracking.records.leases import lease
from tracking.records.store import Store
from workers.experiments.hessian import interpolate
from workers.runtime import lease_watch
from workers.theory.hessian_spectrum import spectrum
from workers.theory.lanczos import largest
from workers.theory.linear_classification import exponential_descent
from workers.theory.loss_surface import Surface, along_weights
from workers.theory.one_model import OneModel


def looking(step: Callable[[], object] = lease_watch.look) -> Generator[None, None, None]:
    while True:
        step()
        yield


def of_measures() -> dict[str, Callable[[], object]]:
    """The steps that long measures consist of."""
    snapshot = snapshots.made(models=1)
    one = OneModel(snapshot, 0, 20)
    unit, matrix = np.ones(len(one.weights)), np.diag(np.arange(1.0, 6.0))
    one.hessian_times(unit)  # from here on its examples are not read again
    return {
        "a product with the Hessian": lambda: one.hessian_times(unit),
        "some of the examples": lambda: list(snapshot.batches("train")),
        "Lanczos' method": lambda: largest(lambda vector: matrix @ vector, np.ones(5), 1, 0.1),
    }


def of_computed_experiments() -> dict[str, Callable[[], object]]:
    """The steps that experiments consist of in which nothing is trained."""
    bowl = Surface(lambda w: (w**4).sum(), point := torch.ones(3, dtype=torch.float64), point, point)
    z, fitted = np.eye(2), (lambda w, x: x @ w, torch.eye(2), torch.ones(2), torch.zeros(2))
    return {
        "a column of the Hessian": lambda: spectrum(bowl.loss, bowl.point),
        "a point of a loss surface": lambda: along_weights(bowl, np.ones(1)),
        "a step of Gauss-Newton": lambda: interpolate(*fitted),
        "a step of descent": lambda: exponential_descent(z, np.zeros((1, 2)), 0.1, False, [1]),
    }


def stopped(steps: Generator[None, None, None]) -> bool:
    try:
        next(steps)
    except InUse:
        return True
    return False


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("SWEEP_LEASE_S", "1.5")  # looked at every 0.1 s
    return Store(str(tmp_path))


def test_it_stops_when_the_lease_was_taken_over(store: Store) -> None:
    with lease.acquire(store.files, "one", None, print) as mine:
        steps = lease_watch.watched(Store(store.root, mine.number), looking())
        next(steps)
        Path(store.files.path(f"leases/{mine.number:06d}.json")).unlink()  # as who takes over does
        until(lambda: stopped(steps), "the end of the computation", 20)


@pytest.mark.parametrize("name", [*of_measures(), *of_computed_experiments()])
def test_a_long_computation_stops_when_the_lease_was_taken_over(name: str, store: Store) -> None:
    with lease.acquire(store.files, "one", None, print) as mine:
        step = {**of_measures(), **of_computed_experiments()}[name]
        steps = lease_watch.watched(Store(store.root, mine.number), looking(step))
        next(steps)
        Path(store.files.path(f"leases/{mine.number:06d}.json")).unlink()
        until(lambda: stopped(steps), "the end of the computation", 20)


def test_a_store_that_is_away_does_not_stop_it(store: Store, tmp_path: Path) -> None:
    """Its next commit finds out whether it is back."""
    with lease.acquire(store.files, "one", None, print) as mine:
        watch = lease_watch.LeaseWatch(Store(store.root, mine.number))
        away = (tmp_path / "leases").rename(tmp_path / "away")
        watch.look()
        away.rename(tmp_path / "leases")
    assert watch.next_s > 0


def test_outside_of_a_launch_there_is_nothing_to_look_at() -> None:
    next(looking())
