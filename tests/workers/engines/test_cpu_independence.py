"""A model in the compiled kernels is independent of the other models in its bundle, to the bit."""

import numpy as np
import pytest
import torch

from tests.support.networks.kernel_cases import (
    CASES,
    Work,
    assert_same_bits,
    built,
    cases,
    everything,
    initial,
    one_by_one,
)
from workers.engines.cpu.bindings import Fused
from workers.engines.cpu.supported import Net


@cases
@built
@pytest.mark.parametrize("threads", [1, 2])
def test_a_model_is_independent_of_the_others(case: tuple[Net, str], threads: int) -> None:
    net, bias = case
    work = Work(net, 3)
    state = initial(net, bias, 3)
    order = [2, 0, 1]
    moved = {part: {name: t[order] for name, t in tensors.items()} for part, tensors in state.items()}
    together, elsewhere = Fused(net, state, threads=threads), Fused(net, moved, threads=threads)
    work.train(together, [0, 1, 2])
    work.train(elsewhere, order)
    for m in range(3):
        alone = one_by_one(net, bias, m, 3)
        work.train(alone, [m])
        assert_same_bits(everything(together, m), everything(alone, 0))
        assert_same_bits(everything(together, m), everything(elsewhere, order.index(m)))


@built
@pytest.mark.parametrize("poison", [float("nan"), float("inf"), 1e38])
def test_a_diverging_neighbour_changes_no_bit(poison: float) -> None:
    for name in ("odd sizes and widths", "odd sizes, batch norm"):
        net, bias = CASES[name]
        work, state = Work(net, 3, epochs=2), initial(net, bias, 3)
        healthy = Fused(net, state)
        work.train(healthy, [0, 1, 2])
        state["parameters"]["conv2.weight"][1] = poison
        poisoned = Fused(net, state)
        work.train(poisoned, [0, 1, 2])
        assert not np.isfinite(poisoned.totals(work.images, work.index, work.labels)[1][1])
        for m in (0, 2):
            assert_same_bits(everything(healthy, m), everything(poisoned, m))


@cases
@built
def test_a_resumed_model_goes_on_bit_by_bit(case: tuple[Net, str]) -> None:
    net, bias = case
    work = Work(net, 2, epochs=2)
    through, first = (Fused(net, initial(net, bias, 2)) for _ in range(2))
    work.train(through, [0, 1])
    both = work.orders
    work.orders = both[:1]
    work.train(first, [0, 1])
    second = Fused(net, first.state())
    work.orders = both[1:]
    work.train(second, [0, 1])
    for m in range(2):
        assert_same_bits(everything(through, m), everything(second, m))


@built
def test_a_model_that_is_not_active_stays() -> None:
    net, bias = CASES["digits, batch norm, biases all the same"]
    fused, work = Fused(net, initial(net, bias, 2)), Work(net, 2)
    before = [everything(fused, m) for m in range(2)]
    work.train(fused, [0, 1], active=[False, True])
    assert_same_bits(everything(fused, 0), before[0])
    assert not torch.equal(everything(fused, 1)["parameters conv1.weight"], before[1]["parameters conv1.weight"])
