"""Normalised risk against its definition: the risk of a network whose every layer was divided by its norm."""

import pytest
import torch

from tests.support.networks import small_trials
from workers import plugins
from workers.engines.choose import choose
from workers.experiments import network
from workers.interfaces.snapshot import Snapshot
from workers.training.examples.selection import Examples
from workers.training.networks.functions import NetFunctions


@pytest.mark.parametrize("bias", ["none", "first"])
def test_it_is_the_risk_of_the_network_with_normalised_layers(bias: str) -> None:
    """A bias of the first layer is divided with its weights: their norm is taken together."""
    net = {"name": "convnet", "depth": 3, "width": 6, "bias": bias}
    settings = small_trials.trial(2, net=net, precision="float64").settings
    examples = Examples.of(network.load_images(settings), [settings])
    chosen, functions = choose([settings], examples, "cpu"), NetFunctions([settings], examples)
    for name, value in chosen.parameters().items():
        value.add_(0.1 if name.endswith("bias") else 0.0)
    snapshot = Snapshot(chosen, functions)
    found = {split: v for split, _, v in plugins.MEASURES.load("normalized_risk").measure(snapshot)}
    norms = snapshot.norms()
    for name, value in chosen.parameters().items():
        value.div_(norms[name.split(".")[0]].view(-1, *[1] * (value.ndim - 1)))
    assert torch.stack(list(Snapshot(chosen, functions).norms().values())).sub(1).abs().max() < 1e-12
    for split in ("train", "test"):
        assert found[split].item() == pytest.approx(chosen.totals(split)[1].item(), rel=1e-12)
