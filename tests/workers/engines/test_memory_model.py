"""The memory model against the memory that PyTorch takes, and what is packed by it."""

import itertools

import numpy as np
import pytest
from torch.profiler import ProfilerActivity, profile

from orchestrator.planning.bundling import MAX_MODELS, most, pack_missing
from orchestrator.planning.plan import Plan
from orchestrator.planning.resources import Resources
from tests.support.networks import small_trials
from tests.support.networks.engine_bundles import made, order, run_epoch
from workers.engines.gpu import engine, memory_model
from workers.engines.gpu.choose_convolution import ROUTES
from workers.experiments import network
from workers.interfaces.dataset import Sizes
from workers.training.settings import Settings

GIB = 2**30


def peak(settings: list[Settings], way: str) -> int:
    """Most bytes alive at a time in PyTorch's tensors and temporaries while a bundle is trained and evaluated."""
    _, examples = made([small_trials.trial(**{**s.model_dump(), "seed": s.seed}) for s in settings])
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        batched = engine.Batched(settings, examples, "cpu", ROUTES.load(way))
        for epoch in range(2):
            run_epoch(batched, settings, order(len(settings), examples.index.shape[1], epoch), [True] * len(settings))
        batched.totals("train"), batched.outputs("train"), batched.totals("test")
    events = profiled.profiler.kineto_results.events()  # type: ignore[union-attr]
    taken = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    return int(np.cumsum([size for _, size in taken]).max())


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("optimizer", [{"batch_size": 40}, {"name": "gd"}], ids=["sgd", "gd"])
def test_a_bundle_takes_no_more_than_was_estimated(optimizer: dict, batch_norm: bool) -> None:
    """And not far less: a CPU takes the larger of what training and evaluation need, a GPU, with graphs, their sum; and
    a GPU keeps the blocks of an evaluation."""
    net = {"name": "convnet", "depth": 3, "width": 16, "batch_norm": batch_norm}
    data = {"name": "synthetic", "available": 80, "train_size": 80, "test_size": 8, "side": 16}
    settings, _ = made([small_trials.trial(s, net=net, data=data, optimizer=optimizer) for s in range(4)])
    estimate = memory_model.bundle_bytes(settings[0], Sizes(80, 8, (16, 16, 3), 10), 4)
    taken = {way: peak(settings, way) for way in ("grouped", "unfolded")}
    assert max(taken.values()) < estimate < 3.5 * memory_model.RESERVED * max(taken.values())


def settings(**changes: object) -> Settings:
    return small_trials.trial(**{"data": {"name": "cifar10"}, **changes}).settings  # type: ignore[return-value]


@pytest.mark.parametrize("width", [2, 16, 64, 256])
def test_more_models_fit_on_a_larger_gpu_and_fewer_wider_ones(width: int) -> None:
    one, wider = (settings(net={"name": "convnet", "depth": 4, "width": w}) for w in (width, 2 * width))
    fit = [memory_model.most(one, network.sizes(one), free * GIB) for free in (1, 4, 16, 80)]
    assert fit == sorted(fit) and fit[0] < fit[2]
    assert memory_model.most(wider, network.sizes(wider), 4 * GIB) <= fit[1]
    for models, free in zip(fit, (1, 4, 16, 80), strict=True):
        taken = memory_model.bundle_bytes(one, network.sizes(one), models)
        assert taken <= memory_model.SHARE * free * GIB or models == 1
        assert models == memory_model.MOST_MODELS or (
            memory_model.bundle_bytes(one, network.sizes(one), models + 1) > memory_model.SHARE * free * GIB
        )


def test_estimates_count_what_the_net_has() -> None:
    s = settings(net={"name": "convnet", "depth": 5, "width": 16})
    assert memory_model.parameters(s, (32, 32, 3), 10) == 9898
    with_norm = settings(net={"name": "convnet", "depth": 5, "width": 16, "batch_norm": True})
    assert memory_model.parameters(with_norm, (32, 32, 3), 10) == 9818 + 5 * 16 * 2
    sizes = [memory_model.example_bytes(s, (side, side, 3), True) for side in (8, 16, 32)]
    assert all(3.5 < b / a < 4.5 for a, b in itertools.pairwise(sizes)), "in proportion to the pixels"
    double = s.model_copy(update={"precision": "float64"})
    assert memory_model.example_bytes(double, (32, 32, 3), True) > 1.9 * sizes[-1]


def test_bundles_are_packed_to_the_memory_of_the_gpu() -> None:
    net, data = {"name": "convnet", "depth": 4, "width": 256}, {"name": "cifar10"}
    trials = [small_trials.trial(seed, net=net, data=data) for seed in range(100)]
    plan = Plan(tuple(trials), {}, tuple(trials), (), ())
    small, large = (pack_missing(plan, Resources(1, free * GIB, "a GPU")) for free in (4, 80))
    fits = memory_model.most(settings(net=net), network.sizes(settings(net=net)), 4 * GIB)
    assert 1 < max(len(b.trials) for b in small) <= fits < max(len(b.trials) for b in large)
    assert sorted(t.id for b in small for t in b.trials) == sorted(t.id for t in trials)


def test_what_nothing_is_known_of_is_packed_as_on_a_cpu() -> None:
    for trial in (small_trials.trial(), small_trials.trial(net={"name": "linear"})):
        assert most(None, trial) == MAX_MODELS
    assert most(80 * GIB, small_trials.trial(net={"name": "linear"})) == MAX_MODELS
    assert most(80 * GIB, small_trials.trial()) == memory_model.MOST_MODELS > MAX_MODELS


def test_a_batch_is_whole_where_it_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_model, "CHUNK_BYTES", 1)
    net = {"name": "convnet", "depth": 4, "width": 16}
    assert memory_model.step(settings(net=net), (32, 32, 3), 8, 50_000) == memory_model.CHUNK
    assert memory_model.step(settings(net=net), (32, 32, 3), 8, 100) == 100
    assert memory_model.step(settings(net={**net, "batch_norm": True}), (32, 32, 3), 8, 50_000) == 50_000
