"""The choice of a way to compute convolutions: measured once a shape, remembered on this machine."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.networks import small_trials
from workers.engines.gpu import autotune, choose_convolution

IMAGE = (8, 8, 1)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(autotune, "LEAST_S", 0.0)
    return tmp_path / "sweep" / "probes"


def ways() -> dict[str, Any]:
    return {name: choose_convolution.ROUTES.load(name) for name in choose_convolution.usable("cpu", "float32")}


@pytest.mark.parametrize("optimizer", small_trials.OPTIMIZERS, ids=lambda o: f"{o['name']}-{o.get('momentum', 0)}")
@pytest.mark.parametrize("batch_norm", [False, True])
def test_every_way_is_timed(optimizer: dict, batch_norm: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.engines.gpu.memory_model.CHUNK_BYTES", 2**20)
    net = {"name": "convnet", "depth": 3, "width": 6, "batch_norm": batch_norm}
    found = autotune.speeds(small_trials.trial(net=net, optimizer=optimizer).settings, IMAGE, 2, "cpu", ways())
    assert set(found) == {"grouped", "unfolded"} and all(10 < speed < 1e8 for speed in found.values())


def test_what_was_measured_is_remembered_for_its_shape_alone(cache: Path) -> None:
    settings = small_trials.trial().settings
    first = autotune.speeds(settings, IMAGE, 3, "cpu", ways())
    assert autotune.speeds(settings, IMAGE, 3, "cpu", ways()) == first
    assert autotune.speeds(settings, IMAGE, 4, "cpu", ways()) == first, "3 models are timed as 4"
    (file,) = cache.iterdir()
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({**kept, "images_per_s": {"grouped": 1.0, "unfolded": 2.0}}))
    assert autotune.speeds(settings, IMAGE, 3, "cpu", ways()) == {"grouped": 1.0, "unfolded": 2.0}
    others = (
        small_trials.trial(net={"name": "convnet", "depth": 3, "width": 7}).settings,
        small_trials.trial(precision="float64").settings,
    )
    for other in others:
        assert autotune.speeds(other, IMAGE, 3, "cpu", ways())["grouped"] > 1.0
    assert autotune.speeds(settings, IMAGE, 8, "cpu", ways())["grouped"] > 1.0
    assert len(list(cache.iterdir())) == 4


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"images_per_s": {"grouped": 1}}', '{"shape": 1}'])
def test_what_cannot_be_read_is_measured_again(damage: str, cache: Path) -> None:
    settings = small_trials.trial().settings
    autotune.speeds(settings, IMAGE, 2, "cpu", ways())
    (file,) = cache.iterdir()
    file.write_text(damage)
    assert autotune.speeds(settings, IMAGE, 2, "cpu", ways())["grouped"] > 1.0
    assert set(json.loads(file.read_text())["images_per_s"]) == {"grouped", "unfolded"}


def test_a_cpu_measures_nothing_and_takes_the_table(cache: Path) -> None:
    chosen = choose_convolution.choose(small_trials.trial().settings, IMAGE, 8, "cpu")
    assert chosen is choose_convolution.ROUTES.load("grouped") and not cache.exists()


def test_the_table_knows_every_way() -> None:
    assert sorted(choose_convolution.BEST_FIRST["cuda"]) == sorted(choose_convolution.ROUTES.names())
