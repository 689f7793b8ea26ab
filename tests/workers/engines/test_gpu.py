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
from workers.engines.gpu import choose_convolution, engine, memory_model
from workers.engines.gpu.choose_convolution import ROUTES
from workers.engines.gpu.cuda_graphs import STEPS, Replay
from workers.runtime.device import prepare
from workers.training.examples import Examples
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
    mine.stack.upload(order(3, 120, 3), ALL, np.full((3, 14), 0.05), 42)
    torch.cuda.set_sync_debug_mode("error")
    try:
        mine.stack.queue_epoch(120)
        mine.stack.start.zero_()
        mine.stack.step.zero_()
        mine.stack.queue_steps(9, 1)
    finally:
        torch.cuda.set_sync_debug_mode("default")


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
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_reserved()
    mine = trained(engine.Batched(settings, examples, "cuda", choose_convolution.ROUTES.load(way)))
    mine.totals("train"), mine.outputs("train"), mine.totals("test")
    taken = torch.cuda.max_memory_reserved() - before
    assert (
        taken * memory_model.SHARE
        < memory_model.bundle_bytes(settings[0], (1000, 200, (32, 32, 3)), 10, 16)
        < 10 * taken
    )


def test_float32_is_not_rounded_and_tf32_is() -> None:
    risks = {}
    for precision in ("float32", "tf32", "float64"):
        settings, examples = bundle(net={"name": "convnet", "depth": 3, "width": 64}, precision=precision)
        mine = choose(settings, examples, "cuda")
        assert isinstance(mine, engine.Batched)
        risks[precision] = mine.totals("train")[1].cpu()
    exact, rounded = ((risks[p] / risks["float64"] - 1).abs().max() for p in ("float32", "tf32"))
    assert exact < 1e-6 < rounded < 1e-2


def test_the_fastest_way_is_measured_and_taken(tmp_path: Path) -> None:
    engine.Batched(*bundle(), "cuda")
    assert len(list((tmp_path / "sweep" / "probes").iterdir())) == 1
