"""Snapshots of small networks that were not trained, and of whatever parameters a test gives them."""

from collections.abc import Callable
from typing import Any

import torch

from tests.support import engine_bundles, small_trials
from workers import plugins
from workers.engines.choose import choose
from workers.interfaces.snapshot import Snapshot
from workers.training.functions import NetFunctions


def made(seeds: int = 2, change: Callable[[str, torch.Tensor], None] | None = None, **settings: Any) -> Snapshot:
    """Of as many models as seeds, in float64 unless the settings say otherwise; `change` changes parameters by name."""
    trials = [small_trials.trial(seed, **{"precision": "float64", **settings}) for seed in range(seeds)]
    bundle, examples = engine_bundles.made(trials)
    engine = choose(bundle, examples, "cpu")
    for name, value in engine.parameters().items():
        if change:
            change(name, value)
    return Snapshot(engine, NetFunctions(bundle, examples))


def measured(name: str, snapshot: Snapshot) -> dict[tuple[str, str], list[float]]:
    """The values of a measure by split and layer."""
    found = [(split, layer, values.tolist()) for split, layer, values in plugins.MEASURES.load(name).measure(snapshot)]
    assert len({place[:2] for place in found}) == len(found), "a place was measured twice"
    assert {split for split, _, _ in found} == set(plugins.MEASURES.load(name).SPLITS)
    return {(split, layer): values for split, layer, values in found}
