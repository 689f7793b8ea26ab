"""A snapshot's functions against what the engine itself says, on every engine."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.networks import engine_bundles, small_trials, snapshots
from workers.engines.choose import choose
from workers.interfaces.snapshot import Snapshot
from workers.training.networks.functions import NetFunctions

TOLERANCE: dict[str, float] = {"rtol": 1e-4, "atol": 1e-5}  # float32 sums in another order
NETS = [net for net in small_trials.nets() if net["name"] != "convnet" or net.get("depth") == 3]


def trained(
    engine: str,
    net: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    epochs: int = 1,
    models: Sequence[int] | None = None,
) -> Snapshot:
    monkeypatch.setenv("SWEEP_ENGINE", engine)
    bundle, examples = engine_bundles.made([small_trials.trial(seed, net=net) for seed in range(2)])
    chosen = choose(bundle, examples, "cpu")
    for epoch in range(epochs):
        engine_bundles.run_epoch(chosen, bundle, engine_bundles.order(2, 120, epoch), [True] * 2)
    return Snapshot(chosen, NetFunctions(bundle, examples), models)


@pytest.mark.parametrize("net", NETS, ids=str)
@pytest.mark.parametrize("engine", small_trials.engines())
def test_the_forward_pass_gives_the_outputs_and_the_risk_of_the_engine(
    engine: str, net: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In evaluation mode: batch norm by its running statistics, which a training epoch has moved."""
    snapshot = trained(engine, net, monkeypatch)
    for split in ("train", "test"):
        outputs, labels = snapshot.outputs(split)
        found = snapshot.forward(snapshot.parameters, snapshot.images(split))
        torch.testing.assert_close(found, outputs, **TOLERANCE)
        torch.testing.assert_close(
            snapshot.loss(found, labels).mean(1).double(), snapshot.totals(split)[1], **TOLERANCE
        )
        alone = snapshot.forward(snapshot.of(1), snapshot.images(split, 1), 1)
        torch.testing.assert_close(alone[0], outputs[1], **TOLERANCE)
        torch.testing.assert_close(snapshot.module(1)(snapshot.images(split, 1)[0]), outputs[1], **TOLERANCE)
        (given,) = [labels for _, labels in snapshot.batches(split, 1, 20)]
        assert torch.equal(given[0], labels[1, :20])


@pytest.mark.parametrize("engine", small_trials.engines())
def test_some_of_the_models_are_measured_as_beside_the_others(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By outputs, initial weights, images of each model, gradients, running statistics, and the trial's seed."""
    net = {"name": "convnet", "depth": 2, "width": 3, "batch_norm": True}
    whole, part = (trained(engine, net, monkeypatch, models=models) for models in (None, [1]))
    assert part.models == 1 and part.settings[0].seed == 1
    for name in ("error", "margin", "distance_from_init", "fisher_rao", "gradient_norm", "box_sharpness", "trace"):
        of_all, found = snapshots.measured(name, whole), snapshots.measured(name, part)
        assert found == {place: [pytest.approx(values[1], rel=1e-5)] for place, values in of_all.items()}, name


def test_initial_parameters_are_those_before_the_first_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = (trained("reference", NETS[0], monkeypatch, epochs) for epochs in (0, 1))
    for name, value in before.parameters.items():
        torch.testing.assert_close(after.initial[name], value)
        assert not torch.equal(after.parameters[name], value)


def test_the_gradient_is_the_step_of_gradient_descent(monkeypatch: pytest.MonkeyPatch) -> None:
    """One step over all examples moves the weights by the rate times the gradient."""
    monkeypatch.setenv("SWEEP_ENGINE", "reference")
    descent = {"name": "gd", "learning_rate": 0.5}
    trials = [small_trials.trial(seed, optimizer=descent, precision="float64") for seed in range(2)]
    bundle, examples = engine_bundles.made(trials)
    engine = choose(bundle, examples, "cpu")
    gradient = Snapshot(engine, NetFunctions(bundle, examples)).gradient("train")
    before = {name: value.detach().clone() for name, value in engine.parameters().items()}
    engine_bundles.run_epoch(engine, bundle, np.tile(np.arange(120), (2, 1)), [True] * 2)
    for name, value in engine.parameters().items():
        torch.testing.assert_close((before[name] - value) / 0.5, gradient[name], rtol=1e-9, atol=1e-12)
