"""Snapshots of small networks that tests measure, and the same networks in plain PyTorch, written down once more."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from tests.support.networks import engine_bundles, small_trials
from workers import plugins
from workers.engines.choose import choose
from workers.interfaces.snapshot import Snapshot
from workers.training.networks.functions import NetFunctions

torch.set_num_threads(1)  # sums in the same order each time
TINY = {"name": "convnet", "depth": 2, "width": 2}


def made(
    models: int = 2, change: Callable[[str, torch.Tensor], None] | None = None, epochs: int = 0, **settings: Any
) -> Snapshot:
    """Of models with the seeds 0, 1, ..., in float64 unless the settings say otherwise; `change` changes parameters and
    running statistics by name, after so many epochs of training."""
    trials = [small_trials.trial(seed, **{"net": TINY, "precision": "float64", **settings}) for seed in range(models)]
    bundle, examples = engine_bundles.made(trials)
    engine = choose(bundle, examples, "cpu")
    for epoch in range(epochs):
        order = engine_bundles.order(models, examples.index.shape[1], epoch)
        engine_bundles.run_epoch(engine, bundle, order, [True] * models)
    state = engine.state()
    for name, value in [*state["parameters"].items(), *state["buffers"].items()] if change else []:
        change(name, value)
    engine.load(state)
    return Snapshot(engine, NetFunctions(bundle, examples))


def measured(name: str, snapshot: Snapshot) -> dict[tuple[str, str], list[float]]:
    """The values of a measure by split and layer."""
    found = [(split, layer, values.tolist()) for split, layer, values in plugins.MEASURES.load(name).measure(snapshot)]
    assert len({place[:2] for place in found}) == len(found), "a place was measured twice"
    assert {split for split, _, _ in found} == set(plugins.MEASURES.load(name).SPLITS)
    assert {len(values) for _, _, values in found} == {snapshot.models}
    return {(split, layer): values for split, layer, values in found}


def one(name: str, snapshot: Snapshot, model: int = 0) -> float:
    """The one value of a measure of the whole network, on train or on no split."""
    found = measured(name, snapshot)
    return found.get(("train", ""), found.get(("", ""), []))[model]


def tiny(p: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Outputs of the convolutional network of two layers for images [B K H W]; p without the models' dimension."""
    for layer in ("conv1", "conv2"):
        x = F.conv2d(x, p[f"{layer}.weight"], p.get(f"{layer}.bias"), stride=2, padding=1).relu()
    out = x.flatten(1) @ p["output.weight"].T
    return out + p["output.bias"] if "output.bias" in p else out


def plain(snapshot: Snapshot, model: int) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    """Parameters, training images and labels of one model."""
    p = {name: value[model].clone() for name, value in snapshot.parameters.items()}
    return p, snapshot.images("train")[model], snapshot.outputs("train")[1][model]


def noise(sigma: float) -> Callable[[str, torch.Tensor], None]:
    """Changes every parameter and running statistic at random; variances stay positive."""
    rng = torch.Generator().manual_seed(3)

    def add(name: str, value: torch.Tensor) -> None:
        change = sigma * torch.randn(value.shape, generator=rng, dtype=value.dtype)
        value.add_(change.abs() if name.endswith("var") else change)

    return add
