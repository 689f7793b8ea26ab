"""The choice of a way to compute convolutions: measured once a shape, remembered on this machine."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

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
    found = autotune.speeds(small_trials.trial(net=net, optimizer=optimizer).settings, IMAGE, 2, 120, "cpu", ways())
    assert set(found) == {"grouped", "unfolded"} and all(10 < speed < 1e8 for speed in found.values())


def test_what_was_measured_is_remembered_for_its_shape_alone(cache: Path) -> None:
    settings = small_trials.trial().settings
    first = autotune.speeds(settings, IMAGE, 3, 120, "cpu", ways())
    assert autotune.speeds(settings, IMAGE, 3, 120, "cpu", ways()) == first
    assert autotune.speeds(settings, IMAGE, 2, 120, "cpu", ways()) == first, "3 models are timed as 2"
    (file,) = cache.iterdir()
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({**kept, "images_per_s": {"grouped": 1.0, "unfolded": 2.0}}))
    assert autotune.speeds(settings, IMAGE, 3, 120, "cpu", ways()) == {"grouped": 1.0, "unfolded": 2.0}
    others = (
        small_trials.trial(net={"name": "convnet", "depth": 3, "width": 7}).settings,
        small_trials.trial(precision="float64").settings,
    )
    for other in others:
        assert autotune.speeds(other, IMAGE, 3, 120, "cpu", ways())["grouped"] > 1.0
    assert autotune.speeds(settings, IMAGE, 8, 120, "cpu", ways())["grouped"] > 1.0
    assert len(list(cache.iterdir())) == 4


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"images_per_s": {"grouped": 1}}', '{"shape": 1}'])
def test_what_cannot_be_read_is_measured_again(damage: str, cache: Path) -> None:
    settings = small_trials.trial().settings
    autotune.speeds(settings, IMAGE, 2, 120, "cpu", ways())
    (file,) = cache.iterdir()
    file.write_text(damage)
    assert autotune.speeds(settings, IMAGE, 2, 120, "cpu", ways())["grouped"] > 1.0
    assert set(json.loads(file.read_text())["images_per_s"]) == {"grouped", "unfolded"}


@dataclass
class Limited:
    """A way to compute convolutions on a device that is made up: it has memory for so many models and examples, and
    counts the most that it is given."""

    most: int
    given: int = 0

    def forward(self, x: Any, weight: Any, bias: Any, relu: bool) -> Any:
        self.given = max(self.given, x.shape[0] * x.shape[1])
        if self.given > self.most:
            raise torch.OutOfMemoryError("made up: no more memory")
        return ways()["grouped"].forward(x, weight, bias, relu)

    def __getattr__(self, name: str) -> Any:
        return getattr(ways()["grouped"], name)


@pytest.mark.parametrize("optimizer", [{"batch_size": 20}, {"name": "gd"}], ids=["sgd", "gd"])
@pytest.mark.parametrize("models", [1, 3, 7])
def test_measuring_takes_no_more_memory_than_training(models: int, optimizer: dict) -> None:
    settings, limited = (
        small_trials.trial(optimizer=optimizer).settings,
        Limited(models * (20 if "batch_size" in optimizer else 30)),
    )
    found = autotune.speeds(settings, IMAGE, models, 30, "cpu", {"limited": limited})
    assert found["limited"] > 1.0 and limited.given > limited.most / 2


def test_a_way_without_memory_is_left_out_and_measured_again(cache: Path) -> None:
    settings, few, enough = small_trials.trial().settings, Limited(10), Limited(1000)
    assert list(autotune.speeds(settings, IMAGE, 2, 120, "cpu", {"a": enough, "b": few})) == ["a"]
    (file,) = cache.iterdir()
    known = json.loads(file.read_text())["images_per_s"]
    assert list(known) == ["a"], "running out of memory is no speed"
    again = autotune.speeds(settings, IMAGE, 2, 120, "cpu", {"a": few, "b": enough})
    assert again["a"] == known["a"] and again["b"] > 1.0, "only what is missing is measured"
    assert autotune.speeds(settings, IMAGE, 2, 120, "cpu", {"a": few, "b": few}) == again


def test_where_no_way_has_the_memory_the_bundle_has_not_either(cache: Path) -> None:
    with pytest.raises(torch.OutOfMemoryError, match=r"step of 2 models on \d+ examples each fits .* none of a, b"):
        autotune.speeds(small_trials.trial().settings, IMAGE, 2, 120, "cpu", {"a": Limited(1), "b": Limited(1)})


def test_a_cpu_measures_nothing_and_takes_the_table(cache: Path) -> None:
    chosen = choose_convolution.choose(small_trials.trial().settings, IMAGE, 8, 120, "cpu")
    assert chosen is choose_convolution.ROUTES.load("grouped") and not cache.exists()


def test_three_products_of_tf32_need_triton() -> None:
    with pytest.raises(ValueError, match=r"tf32x3 needs Triton.*cpu is without one of them; choose float32"):
        choose_convolution.usable("cpu", "tf32x3")


def test_the_table_knows_every_way() -> None:
    assert sorted(choose_convolution.BEST_FIRST["cuda"]) == sorted(choose_convolution.ROUTES.names())
