"""Every engine against the reference engine, for every net, loss and optimizer in the folders; which one is chosen."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.networks import own_nets, small_trials
from tests.support.networks.trained import ALONE_TOLERANCE, run
from tracking.common.program_sources import PROGRAM
from workers.engines.cpu import library
from workers.experiments import network

# The engine for modules takes losses from the same files as the reference engine: one of them is enough.
PAIRS = [
    (engine, loss)
    for engine in small_trials.engines()
    for loss in small_trials.losses()
    if engine != "reference" and (engine != "modules" or loss == "cross_entropy")
]


@pytest.mark.parametrize("optimizer", small_trials.OPTIMIZERS, ids=lambda o: f"{o['name']}-{o.get('momentum', 0)}")
@pytest.mark.parametrize(("engine", "loss"), PAIRS)
@pytest.mark.parametrize("net", small_trials.nets(), ids=lambda n: "-".join(str(v) for v in n.values()))
def test_the_engines_agree(net: dict, loss: str, optimizer: dict, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    optimizer = optimizer if loss == "cross_entropy" else {**optimizer, "learning_rate": 0.003}
    bundle = [small_trials.trial(seed, net=net, loss=loss, optimizer=optimizer) for seed in range(3)]
    monkeypatch.setenv("SWEEP_ENGINE", engine)
    mine = run(bundle)
    monkeypatch.setenv("SWEEP_ENGINE", "reference")
    assert mine == pytest.approx(run(bundle), rel=ALONE_TOLERANCE)


BUILT = library.available()
CHOSEN: list[tuple[dict[str, Any], str, str, str]] = [
    ({}, "cpu", "fused" if BUILT else "modules", "compiled kernels"),
    ({"precision": "tf32"}, "cpu", "modules", "do not compute in tf32"),
    ({"net": {"name": "polynomial"}}, "cpu", "modules", "know polynomial with batch norm only"),
    ({"data": {"name": "digits", "augment": ["flip"]}}, "cpu", "modules", "do not augment"),
    ({}, "cuda", "batched", "CUDA graphs"),
    ({"optimizer": {"name": "sgld", "temperature": 0.1}}, "cpu", "modules", "do not know the optimizer sgld"),
    ({"optimizer": {"name": "sgld", "temperature": 0.1}}, "cuda", "reference", "draws no random numbers"),
    ({"net": {"name": "linear"}}, "cuda", "reference", "all models at once: .* not linear"),
    ({"net": {"name": "mlp"}}, "cuda", "reference", "all models at once"),
    ({"net": {"name": "resnet"}}, "cuda", "modules", "one model after the other: resnet has buffers"),
]


@pytest.mark.parametrize(("changes", "device", "engine", "reason"), CHOSEN, ids=str)
def test_which_engine_is_chosen_and_why(
    changes: dict[str, Any], device: str, engine: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SWEEP_ENGINE", raising=False)
    found = network.engine(small_trials.trial(**changes).settings, device)
    assert found.engine == engine
    if BUILT or device == "cuda":
        assert re.search(reason, found.reason)


def test_a_net_of_the_users_own_is_trained_as_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEP_ENGINE", "reference")  # which it cannot be trained by
    trial = own_nets.trial(own_nets.written(tmp_path, everything=own_nets.EVERYTHING))
    with trial.files.active():
        assert network.engine(trial.settings, "cpu").engine == "modules"
        assert {p.about.engine for p in network.run([trial], "cpu", None)} == {"modules"}


def test_choosing_and_estimating_loads_no_torch() -> None:
    settings = {"data": {"name": "digits"}, "net": {"name": "convnet"}, "epochs": 3}
    script = (
        "import sys; from workers.experiments import network; from workers.trial import Trial; "
        f"s = Trial.of('network', {settings}).settings; network.engine(s, 'cpu'); network.cost(s); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=PROGRAM, check=True)
