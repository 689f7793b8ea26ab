"""The engine for GPUs, on a CPU: against the reference engine, whoever takes part, whatever is taken in chunks.

What holds for every engine is in test_network.py; what needs a GPU is in test_gpu.py.
"""

import numpy as np
import pytest
import torch

from tests.support.networks import small_trials
from tests.support.networks.engine_bundles import TOLERANCE, assert_same, made, nets, order, run_epoch
from workers.engines import modules, reference
from workers.engines.choose import choose
from workers.engines.gpu import engine, memory_model
from workers.engines.gpu.choose_convolution import ROUTES
from workers.engines.gpu.stacked_models import Stack
from workers.engines.gpu.upload import Uploaded
from workers.training.examples.orders import Orders


@pytest.mark.parametrize("net", nets(), ids=lambda n: "-".join(str(v) for v in n.values()))
def test_models_may_come_and_go(net: dict) -> None:
    """Whatever the masks: the same as the reference engine, and the few that go on are all that is computed."""
    optimizer = {"batch_size": 50, "learning_rate": 0.05, "momentum": 0.9}
    settings, examples = made([small_trials.trial(seed, net=net, optimizer=optimizer) for seed in range(5)])
    mine, right = engine.Batched(settings, examples, "cpu"), reference.Reference(settings, examples, "cpu")
    for epoch, (mask, held) in enumerate([("11111", 5), ("10110", 5), ("10010", 2), ("10010", 2), ("01001", 5)]):
        active = np.array([c == "1" for c in mask])
        before = mine.state()
        for each in (mine, right):
            run_epoch(each, settings, order(5, 120, epoch), active)
        assert len(mine.held) == held
        assert_same(mine.state(), right.state())
        assert_same({"parameters": mine.parameters()}, right.state())
        for part, tensors in before.items():
            assert all(torch.equal(t[~active], mine.state()[part][name][~active]) for name, t in tensors.items())
        for split in ("train", "test"):
            found, expected = ((*each.totals(split), *each.outputs(split)) for each in (mine, right))
            for a, b in zip(found, expected, strict=True):
                torch.testing.assert_close(a, b, **TOLERANCE)


def test_few_that_go_on_take_over_what_is_loaded() -> None:
    settings, examples = made([small_trials.trial(seed) for seed in range(4)])
    mine, right = engine.Batched(settings, examples, "cpu"), reference.Reference(settings, examples, "cpu")
    run_epoch(mine, settings, order(4, 120, 0), np.array([True, False, False, False]))
    mine.totals("test"), mine.totals("test")
    run_epoch(right, settings, order(4, 120, 1), np.ones(4, dtype=bool))
    mine.load(right.state())
    torch.testing.assert_close(mine.totals("test")[1], right.totals("test")[1], **TOLERANCE)
    for each in (mine, right):
        run_epoch(each, settings, order(4, 120, 2), np.array([True, False, False, False]))
    assert len(mine.held) == 1
    assert_same(mine.state(), right.state())


@pytest.mark.parametrize("optimizer", [{"name": "gd", "learning_rate": 0.1, "momentum": 0.5}, {"batch_size": 50}])
def test_a_batch_in_chunks_is_one_step(optimizer: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, examples = made([small_trials.trial(s, optimizer=optimizer, precision="float64") for s in range(2)])
    whole = engine.Batched(settings, examples, "cpu")
    monkeypatch.setattr(memory_model, "CHUNK_BYTES", 1)
    monkeypatch.setattr(memory_model, "CHUNK", 7)
    cut = engine.Batched(settings, examples, "cpu")
    assert whole.stack.chunk[0] == settings[0].optimizer.batch(120) and cut.stack.chunk == (7, 1)
    for each in (whole, cut):
        run_epoch(each, settings, order(2, 120, 0), np.ones(2, dtype=bool))
    for name, value in whole.parameters().items():
        torch.testing.assert_close(value, cut.parameters()[name], rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(whole.totals("train")[1], cut.totals("train")[1], rtol=1e-12, atol=0)


@pytest.mark.parametrize(("optimizer", "times"), [({"name": "gd"}, 1), ({"batch_size": 50}, 3)], ids=["gd", "sgd"])
def test_the_order_of_gradient_descent_is_uploaded_once(
    optimizer: dict, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, examples = made([small_trials.trial(s, optimizer=optimizer) for s in range(2)])
    mine, right = engine.Batched(settings, examples, "cpu"), reference.Reference(settings, examples, "cpu")
    orders = Orders([0, 1], 120, optimizer.get("name") != "gd", 3)
    filled, fill = [], Uploaded.fill
    monkeypatch.setattr(Uploaded, "fill", lambda self, values: (filled.append(self), fill(self, values))[1])
    for epoch in (1, 2, 3):
        for each in (mine, right):
            run_epoch(each, settings, orders.of(epoch), [True, True], epoch)
    assert sum(each is mine.stack.order for each in filled) == times
    assert_same(mine.state(), right.state())


def test_evaluation_builds_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither all models nor those that go on: a stack on a GPU has a stream and a pool of memory of its own."""
    settings, examples = made([small_trials.trial(s) for s in range(5)])
    mine = engine.Batched(settings, examples, "cpu")
    built, build = [], Stack.__init__
    monkeypatch.setattr(Stack, "__init__", lambda self, *parts: (built.append(self), build(self, *parts))[1])
    for active, stacks in (([1, 1, 1, 1, 1], 0), ([1, 0, 0, 1, 0], 1), ([1, 0, 0, 1, 0], 1), ([1, 1, 1, 1, 1], 1)):
        run_epoch(mine, settings, order(5, 120, 0), np.array(active, dtype=bool))
        mine.totals("test"), mine.outputs("test"), mine.totals("test"), mine.outputs("train")
        assert len(built) == stacks


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("way", ROUTES.names())
def test_every_way_of_computing_convolutions_trains_the_same(
    way: str, batch_norm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "triton":
        pytest.importorskip("triton", reason="triton is not installed")
    net = {"name": "convnet", "depth": 2, "width": 5, "batch_norm": batch_norm}
    data = {"name": "digits", "train_size": 20, "test_size": 10}
    settings, examples = made(
        [small_trials.trial(s, net=net, data=data, optimizer={"batch_size": 8}) for s in range(2)]
    )
    mine = engine.Batched(settings, examples, "cpu", ROUTES.load(way))
    right = reference.Reference(settings, examples, "cpu")
    for each in (mine, right):
        run_epoch(each, settings, order(2, 20, 0), np.ones(2, dtype=bool))
    assert_same(mine.state(), right.state())
    torch.testing.assert_close(mine.totals("test")[1], right.totals("test")[1], **TOLERANCE)


def test_an_epoch_may_be_shorter_or_longer_than_the_examples() -> None:
    settings, examples = made([small_trials.trial(s) for s in range(2)])
    mine, right = engine.Batched(settings, examples, "cpu"), reference.Reference(settings, examples, "cpu")
    longer = np.concatenate([order(2, 120, 0), order(2, 120, 1)], 1)
    for epoch in (longer[:, :40], longer, longer[:, :70]):
        for each in (mine, right):
            run_epoch(each, settings, epoch, np.ones(2, dtype=bool))
    assert_same(mine.state(), right.state())


def test_batch_norm_of_one_value_is_refused() -> None:
    net = {"name": "convnet", "depth": 4, "width": 4, "batch_norm": True}
    settings, examples = made([small_trials.trial(net=net)])
    with pytest.raises(ValueError, match="two values a channel"):
        run_epoch(engine.Batched(settings, examples, "cpu"), settings, order(1, 120, 0)[:, :33], [True])


def test_what_chooses_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEP_ENGINE", "batched")
    settings, examples = made([small_trials.trial()])
    assert isinstance(choose(settings, examples, "cpu"), engine.Batched)
    for other in ({"name": "linear"}, {"name": "polynomial", "depth": 2, "width": 4}):
        settings, examples = made([small_trials.trial(net=other)])
        assert isinstance(choose(settings, examples, "cpu"), modules.Modules)
    monkeypatch.setenv("SWEEP_ENGINE", "fast")
    with pytest.raises(ValueError, match="one of reference, fused, batched, modules, got 'fast'"):
        choose(settings, examples, "cpu")


@pytest.mark.parametrize("precision", ["tf32", "tf32x3"])
def test_a_cpu_refuses_tf32(precision: str) -> None:
    settings, examples = made([small_trials.trial(precision=precision)])
    with pytest.raises(ValueError, match=rf"{precision} is for GPUs.*float32 or float64"):
        choose(settings, examples, "cpu")
