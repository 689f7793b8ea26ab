"""What only a GPU can show of the engine for GPUs: captured graphs, no waiting, memory, precision, determinism."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.networks import small_trials
from tests.support.networks.engine_bundles import assert_same, made, nets, order, run_epoch
from workers.engines import reference
from workers.engines.choose import choose
from workers.engines.gpu import autotune, choose_convolution, engine, memory_model
from workers.engines.gpu.choose_convolution import ROUTES
from workers.engines.gpu.cuda_graphs import STEPS, Replay
from workers.engines.gpu.upload import Uploaded
from workers.interfaces.dataset import Sizes
from workers.runtime.device import prepare
from workers.training.examples.selection import Examples
from workers.training.settings import Settings

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU on this machine"),
]
ALL = np.ones(3, dtype=bool)
WAYS = ROUTES.names()


@pytest.fixture(autouse=True)
def gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    prepare("cuda", "float32")
    torch.cuda.empty_cache()


def bundle(**changes: Any) -> tuple[list[Settings], Examples]:
    return made([small_trials.trial(seed, **changes) for seed in range(3)])


def trained(mine: engine.Batched, epochs: int = 3) -> engine.Batched:
    """Three epochs: the first launch by launch, the second recorded, the third repeated."""
    for epoch in range(epochs):
        examples = order(len(mine.bundle), mine.data.size("train"), epoch)
        run_epoch(mine, mine.bundle, examples, [True] * len(mine.bundle))
    return mine


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("net", nets(), ids=lambda n: "-".join(str(v) for v in n.values()))
@pytest.mark.parametrize("optimizer", [{"batch_size": 9, "momentum": 0.9}, {"name": "gd"}], ids=["sgd", "gd"])
def test_the_gpu_trains_as_the_reference_engine_does_on_the_cpu(way: str, net: dict, optimizer: dict) -> None:
    """120 examples in batches of 9: graphs of many steps, of one, and a ragged last batch."""
    assert STEPS < 120 // 9
    settings, examples = bundle(net=net, optimizer={**optimizer, "learning_rate": 0.02})
    mine = trained(engine.Batched(settings, examples, "cuda", choose_convolution.ROUTES.load(way)))
    right = reference.Reference(settings, examples, "cpu")
    for epoch in range(3):
        run_epoch(right, settings, order(3, 120, epoch), ALL)
    for part, tensors in right.state().items():
        for name, value in tensors.items():
            torch.testing.assert_close(mine.state()[part][name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_a_graph_does_what_its_launches_do(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, examples = bundle(optimizer={"batch_size": 9, "momentum": 0.9})
    route = choose_convolution.ROUTES.load(way)
    captured = trained(engine.Batched(settings, examples, "cuda", route))
    assert len(captured.stack.replay.graphs) == 3
    monkeypatch.setattr(Replay, "run", lambda self, name, work: work())
    launched = trained(engine.Batched(settings, examples, "cuda", route))
    for one, other in zip(captured.parameters().values(), launched.parameters().values(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("net", nets(), ids=lambda n: "-".join(str(v) for v in n.values()))
def test_nothing_waits_for_the_device_within_an_epoch(net: dict) -> None:
    mine = trained(engine.Batched(*bundle(net=net, optimizer={"batch_size": 9}), "cuda"))
    for _ in range(3):
        mine.totals("train"), mine.totals("test")
    torch.cuda.set_sync_debug_mode("error")
    try:
        mine.stack.upload(order(3, 120, 3), ALL, np.full((3, 14), 0.05), 42)
        mine.stack.queue_epoch(120)
        mine.totals("train"), mine.totals("test")
        mine.stack.start.zero_()
        mine.stack.step.zero_()
        mine.stack.queue_steps(9, 1)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_the_order_of_gradient_descent_is_uploaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, examples = bundle(optimizer={"name": "gd", "learning_rate": 0.1})
    mine, right = engine.Batched(settings, examples, "cuda"), reference.Reference(settings, examples, "cpu")
    filled, fill = [], Uploaded.fill
    monkeypatch.setattr(Uploaded, "fill", lambda self, values: (filled.append(self), fill(self, values))[1])
    for _ in range(4):
        for each in (mine, right):
            run_epoch(each, settings, np.tile(np.arange(120), (3, 1)), ALL)
    assert sum(each is mine.stack.order for each in filled) == 1
    torch.testing.assert_close(mine.totals("train")[1].cpu(), right.totals("train")[1], rtol=1e-3, atol=1e-4)


def test_an_order_that_is_uploaded_twice_without_waiting_does_not_reach_the_first_epoch() -> None:
    """The host may be a copy ahead: it must not overwrite page-locked memory that the device has yet to read."""
    settings, examples = bundle()
    mine, right = engine.Batched(settings, examples, "cuda"), reference.Reference(settings, examples, "cpu")
    orders = [order(3, 120, epoch) for epoch in range(6)]
    for each in orders:
        run_epoch(mine, settings, each, ALL)
    for each in orders:
        run_epoch(right, settings, each, ALL)
    torch.testing.assert_close(mine.totals("train")[1].cpu(), right.totals("train")[1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("net", nets(), ids=lambda n: "-".join(str(v) for v in n.values()))
def test_evaluation_is_recorded_and_gives_what_its_launches_give(net: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_model, "chunk", lambda *_: 7)  # 120 and 50 examples: pieces of graphs, alone, and a rest
    mine = engine.Batched(*bundle(net=net), "cuda")
    launched = [torch.stack(mine.totals(split)) for split in ("train", "test")]
    for _ in range(3):
        trained(mine, 1)
        repeated = [torch.stack(mine.totals(split)) for split in ("train", "test")]
    assert {name for name, *_ in mine.stack.replay.graphs} >= {"train", "test"}
    monkeypatch.setattr(Replay, "run", lambda self, name, work: work())
    assert not torch.equal(launched[0], repeated[0])
    for split, values in zip(("train", "test"), repeated, strict=True):
        assert torch.equal(torch.stack(mine.totals(split)), values)


def test_outputs_take_no_more_memory_the_tenth_time() -> None:
    mine = trained(engine.Batched(*bundle(), "cuda"))
    mine.outputs("train"), mine.outputs("test")
    once = torch.cuda.memory_reserved()
    for _ in range(10):
        mine.outputs("train"), mine.outputs("test")
    assert torch.cuda.memory_reserved() == once


@pytest.mark.parametrize("optimizer", [{"batch_size": 100}, {"name": "gd"}], ids=["sgd", "gd"])
def test_measuring_fits_where_the_bundle_fits(optimizer: dict) -> None:
    """In a process that may have 2 GiB of the device."""
    net = {"name": "convnet", "depth": 4, "width": 64}
    settings = small_trials.trial(net=net, data={"name": "cifar10"}, optimizer=optimizer).settings
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(2 * 2**30 / total)
    try:
        models = memory_model.most(settings, Sizes(50_000, 10_000, (32, 32, 3), 10, "uint8"), 2 * 2**30)
        ways = {name: ROUTES.load(name) for name in choose_convolution.usable("cuda", "float32")}
        assert set(autotune.speeds(settings, (32, 32, 3), models, 50_000, "cuda", ways)) == set(ways)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_models_leave_and_come_back_among_graphs() -> None:
    settings, examples = bundle()
    mine, right = engine.Batched(settings, examples, "cuda"), reference.Reference(settings, examples, "cpu")
    for epoch, active in enumerate(([1, 1, 1], [1, 1, 1], [0, 1, 0], [0, 1, 0], [0, 1, 0], [1, 0, 1])):
        for each in (mine, right):
            run_epoch(each, settings, order(3, 120, epoch), np.array(active, dtype=bool))
        torch.testing.assert_close(mine.totals("test")[1].cpu(), right.totals("test")[1], rtol=1e-3, atol=1e-4)


def test_what_is_loaded_is_trained_on() -> None:
    """Graphs keep addresses, not values: loading must not move anything."""
    settings, examples = bundle()
    mine = trained(engine.Batched(settings, examples, "cuda"))
    state = mine.state()
    once = trained(mine, 2).state()
    mine.load(state)
    assert_same(trained(mine, 2).state(), once)


@pytest.mark.parametrize("way", WAYS)
def test_the_same_bundle_gives_the_same_bits(way: str) -> None:
    settings, examples = bundle(net={"name": "convnet", "depth": 3, "width": 16}, optimizer={"batch_size": 40})
    states = [
        trained(engine.Batched(settings, examples, "cuda", choose_convolution.ROUTES.load(way))).state()
        for _ in range(2)
    ]
    for part, tensors in states[0].items():
        assert all(torch.equal(value, states[1][part][name]) for name, value in tensors.items())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("optimizer", [{"batch_size": 100}, {"name": "gd"}], ids=["sgd", "gd"])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_bundle_takes_no_more_memory_than_was_estimated(way: str, optimizer: dict, batch_norm: bool) -> None:
    net = {"name": "convnet", "depth": 4, "width": 32, "batch_norm": batch_norm}
    data = {"name": "synthetic", "available": 2000, "train_size": 1000, "test_size": 200}
    settings, examples = made([small_trials.trial(s, net=net, data=data, optimizer=optimizer) for s in range(16)])
    route = choose_convolution.ROUTES.load(way)
    trained(engine.Batched(settings, examples, "cuda", route))  # choosing tiles takes 256 MB, once on a machine
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_reserved()
    mine = trained(engine.Batched(settings, examples, "cuda", route))
    mine.totals("train"), mine.outputs("train"), mine.totals("test")
    taken = torch.cuda.max_memory_reserved() - before
    assert (
        taken * memory_model.SHARE
        < memory_model.bundle_bytes(settings[0], Sizes(1000, 200, (32, 32, 3), 10), 16)
        < 10 * taken
    )


def test_tiles_are_measured_once_a_layer_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workers.engines.gpu.convolutions import triton as way

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "triton"))
    kernels: list[Any] = [way.forward_kernel, way.by_data_kernel, way.by_weights_kernel]
    for kernel in kernels:
        kernel.cache.clear()
    trained(engine.Batched(*bundle(net={"name": "convnet", "depth": 2, "width": 24}), "cuda", way))
    assert [len(kernel.cache) for kernel in kernels] == [2, 1, 2], "the first layer has no gradient by its images"
    assert len(list((tmp_path / "triton").rglob("*.autotune.json"))) == 5


def test_float32_is_not_rounded_tf32_is_and_three_products_are_nearly_exact() -> None:
    risks = {}
    for precision in ("float32", "tf32", "tf32x3", "float64"):
        settings, examples = bundle(net={"name": "convnet", "depth": 3, "width": 64}, precision=precision)
        mine = choose(settings, examples, "cuda")
        assert isinstance(mine, engine.Batched)
        risks[precision] = mine.totals("train")[1].cpu()
    exact, split, rounded = ((risks[p] / risks["float64"] - 1).abs().max() for p in ("float32", "tf32x3", "tf32"))
    assert exact < 1e-6 < rounded < 1e-2 and split < 3e-6


def test_the_fastest_way_is_measured_and_taken(tmp_path: Path) -> None:
    engine.Batched(*bundle(), "cuda")
    assert len(list((tmp_path / "sweep" / "probes").iterdir())) == 1
