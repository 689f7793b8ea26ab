"""The module of a kept network computes what the engine computed, for every shipped net."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.networks import engine_bundles, small_trials
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers import run_bundle, trained_module
from workers.bundle import together
from workers.experiments import network
from workers.interfaces.images import HALF, scaled
from workers.plugins import NETS

SMALL: dict[str, dict[str, Any]] = {
    "convnet": {"depth": 2, "width": 3, "batch_norm": True},
    "polynomial": {"depth": 2, "width": 3, "batch_norm": True, "degree": 4, "interval": 3.0},
    "mlp": {"hidden": [8]},
    "pooled": {"width": 2},
    "resnet": {"width": 1},
}


@pytest.mark.parametrize("name", NETS.names())
def test_the_module_has_the_outputs_of_the_engine(name: str, tmp_path: Path) -> None:
    net = {"name": name, **SMALL.get(name, {})}
    made, store = together([small_trials.trial(seed, net=net, epochs=1) for seed in range(2)]), Store(str(tmp_path))
    trials = list(made.trials)
    list(run_bundle.work(store, made, "cpu"))
    records = Ledger.read(store).records
    *_, last = network.run(trials, "cpu", None)
    _, examples = engine_bundles.made(trials)
    x = scaled(torch.from_numpy(examples.images.test_x), torch.float32, HALF).permute(0, 3, 1, 2)
    for i, trial in enumerate(trials):
        module = trained_module.module(store, records[trial.id], trial)
        error = next(r.value for r in last.rows if (r.trial, r.measure, r.split) == (trial.id, "error", "test"))
        with torch.no_grad():
            wrong = (module(x).argmax(1) != torch.from_numpy(examples.images.test_y)).double().mean()
        assert float(wrong) == pytest.approx(error), i
        assert all(torch.equal(value, last.state()["engine"]["parameters"][name][i])
                   for name, value in module.named_parameters())  # fmt: skip
