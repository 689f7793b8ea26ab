"""Trained networks are kept by the last commit of their bundle: each bit, of every model, and nothing before."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from tests.support.networks import small_trials
from tracking.common.errors import Damaged
from tracking.records.ledger import Ledger
from tracking.records.store import Store
from workers import run_bundle
from workers.bundle import Bundle, together
from workers.experiments import network
from workers.runtime import trained_weights

NET = {"name": "convnet", "depth": 3, "width": 4, "batch_norm": True}


def bundle(**settings: Any) -> Bundle:
    return together([small_trials.trial(seed, **{"net": NET, **settings}) for seed in range(2)])


def recorded(root: Path, made: Bundle) -> Store:
    store = Store(str(root))
    list(run_bundle.work(store, made, "cpu"))
    return store


def kept(store: Store, made: Bundle) -> trained_weights.Trained:
    (entry,) = store.manifest(made.id).weights
    return trained_weights.load(store.checked(entry), entry.name)


def test_what_is_kept_is_the_state_at_the_end(tmp_path: Path) -> None:
    made = bundle()
    trained = kept(recorded(tmp_path, made), made)
    *_, last = network.run(made.trials, "cpu", None)
    state = last.state()["engine"]
    assert trained.trials == tuple(t.id for t in made.trials)
    for part in ("parameters", "buffers"):
        tensors = getattr(trained, part)
        assert tensors.keys() == state[part].keys()
        assert all(torch.equal(tensors[name], value) for name, value in state[part].items())


def test_any_program_can_read_the_file(tmp_path: Path) -> None:
    made = bundle(precision="float64")
    store = recorded(tmp_path, made)
    (file,) = tmp_path.glob("weights/*/*.safetensors")
    with safe_open(file, "pt") as opened:
        assert json.loads(opened.metadata()["trials"]) == [t.id for t in made.trials]
        weight = opened.get_tensor("parameters/conv2.weight")
        assert weight.shape == (2, 4, 4, 3, 3) and weight.dtype == torch.float32
        assert {name.partition("/")[0] for name in opened.keys()} == {"parameters", "buffers"}  # noqa: SIM118
    assert Ledger.read(store).weights(made.id) == store.manifest(made.id).weights[0]


def test_a_resumed_bundle_keeps_the_same_weights_and_one_file(tmp_path: Path) -> None:
    made, store = bundle(), Store(str(tmp_path / "a"))
    committed = 0
    for _ in range(3):
        running = run_bundle.work(store, made, "cpu")
        report = next(running)
        running.close()
        assert report.resumed == committed
        committed = report.step
        assert not store.manifest(made.id).weights, "kept before the end"
    assert committed, "no launch went on with the work of another"
    recorded(tmp_path / "a", made)
    recorded(tmp_path / "b", made)
    (one,), (other,) = (list((tmp_path / root).glob("weights/*/*")) for root in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_a_model_that_diverged_is_kept_as_it_is(tmp_path: Path) -> None:
    made = bundle(net={**NET, "batch_norm": False}, optimizer={"name": "sgd", "learning_rate": 1e20})
    trained = kept(recorded(tmp_path, made), made)
    assert not all(value.isfinite().all() for value in trained.parameters.values())


def test_nothing_is_kept_where_the_settings_say_so_and_the_trials_are_the_same(tmp_path: Path) -> None:
    made = bundle(keep_weights=False)
    store = recorded(tmp_path, made)
    assert not store.manifest(made.id).weights and not list(tmp_path.glob("weights/*"))
    assert [t.id for t in made.trials] == [t.id for t in bundle().trials]


@pytest.mark.parametrize("how", ["cut", "flipped", "gone"])
def test_a_damaged_file_is_told(tmp_path: Path, how: str) -> None:
    made = bundle()
    store = recorded(tmp_path, made)
    (file,) = tmp_path.glob("weights/*/*.safetensors")
    content = file.read_bytes()
    file.unlink() if how == "gone" else file.write_bytes(content[:-1] + b"x" * (how == "flipped"))
    with pytest.raises(Damaged, match=file.name):
        kept(store, made)
    assert (Ledger.read(store).weights(made.id) is None) == (how != "flipped")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no such file", b"\x02\0\0\0\0\0\0\0{}"])
def test_another_file_in_its_place_is_damage(content: bytes) -> None:
    with pytest.raises(Damaged, match="a file is no file of trained weights"):
        trained_weights.load(content, "a file")
