"""What must hold for every measure: independent of the neighbours, the same on every engine, defined for NaN."""

import math

import pytest
import torch

from tests.support.networks import small_trials
from tests.support.networks.snapshots import made, measured, noise
from workers import plugins
from workers.interfaces.snapshot import Snapshot

NAMES = plugins.MEASURES.names()
NET = {"name": "convnet", "depth": 2, "width": 3, "batch_norm": True}


def broken(name: str, value: torch.Tensor) -> None:
    """The second model has diverged."""
    value[1] = torch.nan


@pytest.fixture(scope="module")
def alone() -> Snapshot:
    return made(1, net=NET)


@pytest.fixture(scope="module")
def beside_a_diverged_one() -> Snapshot:
    return made(2, broken, net=NET)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_measured_as_if_alone_beside_one_that_has_diverged(
    name: str, alone: Snapshot, beside_a_diverged_one: Snapshot
) -> None:
    expected, found = measured(name, alone), measured(name, beside_a_diverged_one)
    assert found.keys() == expected.keys()
    for place, values in expected.items():
        assert found[place][0] == pytest.approx(values[0], rel=1e-6, nan_ok=True), place
        assert name in ("error", "parameters") or math.isnan(found[place][1]), place


@pytest.fixture(scope="module")
def by_engine() -> dict[str, Snapshot]:
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for engine in small_trials.engines():
            patch.setenv("SWEEP_ENGINE", engine)
            found[engine] = made(1, noise(0.2), epochs=1, net=NET, precision="float32")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_engine_measures_the_same(name: str, by_engine: dict[str, Snapshot]) -> None:
    """To the rounding of float32; sigma, where an error rises in steps, to two steps of its search."""
    expected = measured(name, by_engine["reference"])
    tolerance = 0.01 if name.startswith("pac_bayes") else 1e-3
    for snapshot in by_engine.values():
        found = measured(name, snapshot)
        for place, values in expected.items():
            assert found[place] == pytest.approx(values, rel=tolerance, nan_ok=True), place
