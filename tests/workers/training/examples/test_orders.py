"""The orders of an epoch: those of the seed, whether or not a thread has drawn them ahead."""

import threading

import numpy as np
import pytest

from workers.runtime import seeds
from workers.training.examples.orders import Orders


def right(epoch: int) -> np.ndarray:
    return np.stack([seeds.generator(seed, "order", epoch).permutation(50) for seed in (3, 4)])


def test_orders_are_those_of_seed_and_epoch_whichever_epoch_is_next() -> None:
    orders = Orders([3, 4], 50, True, 7)
    for epoch in (1, 2, 3, 6, 7, 2, 3):  # in turn, after a resume, and from the start again
        np.testing.assert_array_equal(orders.of(epoch), right(epoch))


def test_a_thread_draws_the_next_epoch_and_none_after_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[int, set[int]] = {}
    draw = seeds.generator

    def spied(seed: int, purpose: str, *more: int) -> np.random.Generator:
        drawn.setdefault(more[0], set()).add(threading.get_ident())
        return draw(seed, purpose, *more)

    monkeypatch.setattr(seeds, "generator", spied)
    orders = Orders([3, 4], 50, True, 2)
    orders.of(1), orders.of(2)
    assert sorted(drawn) == [1, 2]
    assert drawn[1] == {threading.get_ident()} and not drawn[2] & drawn[1]


def test_without_shuffling_every_epoch_has_the_same_ascending_order() -> None:
    orders = Orders([3, 4], 5, False, 2)
    np.testing.assert_array_equal(orders.of(1), [[0, 1, 2, 3, 4]] * 2)
    assert orders.of(2) is orders.of(1)
