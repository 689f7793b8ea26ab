"""The engine for modules: plain PyTorch's steps, the same alone, in a bundle and after a resume, for any module."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.networks import own_nets, small_trials
from tests.support.networks.engine_bundles import made, order, run_epoch
from tests.support.networks.trained import ALONE_TOLERANCE, of, run
from tracking.common.named_files.user_files import UserFiles
from workers import plugins
from workers.engines.modules import Modules
from workers.experiments import network
from workers.interfaces.images import Images
from workers.runtime import seeds
from workers.training.examples.selection import Examples
from workers.training.networks.module import built
from workers.training.networks.operations import visit_flops
from workers.trial import Trial

NETS: list[dict[str, Any]] = [
    {"name": "everything"},
    {"name": "mlp", "hidden": [7, 5], "activation": "quadratic", "init_scale": 0.6},
    {"name": "deep_linear", "width": 6},
    {"name": "pooled", "width": 2},
    {"name": "resnet", "width": 1},
]
RATE = {"name": "sgd", "batch_size": 32, "learning_rate": 0.02, "momentum": 0.9}


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> Iterator[UserFiles]:
    """The user's files of these tests, active."""
    found = own_nets.written(tmp_path, everything=own_nets.EVERYTHING)
    with found.active():
        yield found


def bundle(net: dict[str, Any], models: int = 3, **changes: Any) -> list[Trial]:
    return [small_trials.trial(seed, net=net, optimizer=RATE, **changes) for seed in range(models)]


@pytest.mark.parametrize("net", NETS, ids=lambda net: net["name"])
def test_a_model_is_the_same_alone_in_a_bundle_and_after_a_resume(net: dict[str, Any]) -> None:
    """To the bit, dropout and batch norm included."""
    trials = bundle(net)
    together, alone = run(trials), run([trials[1]])
    assert of(trials[1], together) == of(trials[1], alone) and len(alone) > 10
    going = network.run(trials, "cpu", None)
    state = [next(going).state() for _ in range(2)][-1]
    rest = {tuple(r[:5]): r.value for p in network.run(trials, "cpu", state) for r in p.rows}
    assert rest == {k: v for k, v in together.items() if k[1] > 1}


@pytest.mark.parametrize("net", NETS[:2], ids=lambda net: net["name"])
def test_a_diverging_neighbour_changes_no_bit(net: dict[str, Any]) -> None:
    healthy = bundle(net, 2)
    sick = small_trials.trial(9, net=net, optimizer={**RATE, "learning_rate": 1e30})
    together, apart = run([sick, *healthy]), run(healthy)
    assert all(of(trial, together) == of(trial, apart) for trial in healthy)
    assert max(k[0] for k in of(sick, together)) == 1


def test_dropout_is_drawn_anew_in_every_epoch_and_never_in_evaluation() -> None:
    settings, examples = made(bundle({"name": "everything", "norm": False}, 1))
    engine = Modules(settings, examples, "cpu")
    first, again = (engine.outputs("test")[0] for _ in range(2))
    assert torch.equal(first, again)
    start = engine.state()
    moved = []
    for epoch in (1, 1, 2):
        engine.load(start)
        run_epoch(engine, settings, order(1, 120, 1), [True], epoch)
        moved.append(engine.state()["parameters"]["output.weight"])
    assert torch.equal(moved[0], moved[1]) and not torch.equal(moved[0], moved[2])


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_its_steps_are_those_of_a_plain_loop(momentum: float) -> None:
    """torch.optim.SGD on the module itself, with batch norm and a tied weight: parameters and buffers afterwards."""
    optimizer = {**RATE, "momentum": momentum}
    net = {"name": "everything", "dropout": 0.0}
    settings, examples = made([small_trials.trial(3, net=net, optimizer=optimizer, precision="float64")])
    engine = Modules(settings, examples, "cpu")
    module = built(settings[0].net, (8, 8, 1), 10, 3).double()
    assert "back.weight" not in engine.parameters() and module.back.weight is module.there.weight
    descent = torch.optim.SGD(module.parameters(), lr=RATE["learning_rate"], momentum=momentum)
    x = (torch.tensor(examples.images.train_x[examples.index[0]]).double().permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
    y = torch.tensor(examples.labels[0])
    for epoch in range(3):
        places = np.stack([seeds.generator(3, "order", epoch).permutation(120)])
        run_epoch(engine, settings, places, [True])
        for batch in torch.tensor(places[0]).split(32):
            descent.zero_grad()
            torch.nn.functional.cross_entropy(module(x[batch]), y[batch]).backward()
            descent.step()
    found = {**engine.state()["parameters"], **engine.state()["buffers"]}
    assert found["seen"].item() == 360 and found["seen"].dtype == torch.int64
    for name, value in (*module.named_parameters(), *module.named_buffers()):
        torch.testing.assert_close(found[name][0], value.detach())


@pytest.mark.parametrize("images", ["bytes", "floats"])
@pytest.mark.parametrize("net", NETS[1:], ids=lambda net: net["name"])
def test_images_of_any_size_channels_and_classes(net: dict[str, Any], images: str) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (60, 7, 9, 2), dtype=np.uint8)
    x = pixels if images == "bytes" else pixels.astype(np.float32) / 127.5 - 1
    labels = np.arange(60) % 3
    data = Images(x[:40], labels[:40], x[40:], labels[40:], 3, "", "")
    trial = small_trials.trial(net=net, optimizer=RATE, data={"name": "digits", "train_size": 40, "test_size": 20})
    engine = Modules([trial.settings], Examples.of(data, [trial.settings]), "cpu")
    before = engine.totals("train")[1].item()
    for epoch in range(4):
        run_epoch(engine, [trial.settings], order(1, 40, epoch), [True])
    assert engine.outputs("test")[0].shape == (1, 20, 3) and engine.totals("train")[1].item() < before


def test_full_batches_are_taken_in_chunks_unless_batch_norm_needs_them_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    gd = {"name": "gd", "learning_rate": 0.1}
    for net in (NETS[1], {"name": "everything", "dropout": 0.0}):
        trial = small_trials.trial(net=net, optimizer=gd, precision="float64")
        whole = run([trial])
        monkeypatch.setattr("workers.engines.modules.CHUNK_BYTES", 8 * 8 * 8 * 7)  # a few images at a time
        assert run([trial]) == pytest.approx(whole, rel=1e-10)
        monkeypatch.undo()


@pytest.mark.parametrize(
    "net", [NETS[1], {"name": "pooled", "width": 2, "batch_norm": False}, {"name": "plain"}], ids=lambda n: n["name"]
)
def test_modules_that_vmap_stacks_train_all_at_once_alike(
    net: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_nets.written(tmp_path, plain=own_nets.one_layer()).active():
        in_turn, trials = run(bundle(net)), bundle(net)
        monkeypatch.setenv("SWEEP_ENGINE", "reference")
        assert network.engine(trials[0].settings, "cpu").engine == "reference"
        assert run(trials) == pytest.approx(in_turn, rel=ALONE_TOLERANCE)


@pytest.mark.parametrize(
    ("net", "why"),
    [
        ({"name": "everything", "dropout": 0.0}, "buffers"),
        ({"name": "dropping"}, "vmap cannot stack dropping: .*random"),
        ({"name": "frozen"}, "not trained"),
    ],
    ids=str,
)
def test_modules_that_vmap_cannot_stack_are_trained_in_turn_on_a_gpu_too(
    net: dict[str, Any], why: str, tmp_path: Path
) -> None:
    dropping = own_nets.one_layer("return torch.dropout(self.output(x.flatten(1)), 0.5, self.training)")
    frozen = own_nets.one_layer(more="module.output.bias.requires_grad_(False)")
    with own_nets.written(tmp_path, dropping=dropping, frozen=frozen).active():
        found = network.engine(bundle(net, 1)[0].settings, "cuda")
    assert found.engine == "modules" and re.search(why, found.reason)


def test_layers_are_called_after_the_modules_that_hold_the_parameters() -> None:
    found = run(bundle(NETS[-1], 1, epochs=1))
    layers = {key[4] for key in found if key[3] == "frobenius_norm"}
    assert {"conv", "stage1.block1.conv1", "stage4.block2.norm2", "output"} <= layers and "stage1" not in layers


@pytest.mark.parametrize(
    ("net", "parameters"),
    [({"name": "pooled", "width": 64}, 1_558_026), ({"name": "resnet", "width": 64}, 11_171_146),
     ({"name": "mlp", "hidden": (512,)}, 1_209_866)],
    ids=lambda value: value["name"] if isinstance(value, dict) else "",
)  # fmt: skip
def test_the_networks_of_the_papers_have_their_numbers_of_parameters(net: dict[str, Any], parameters: int) -> None:
    """Zhang et al. 1611.03530, Table 1, of the MLP on 28x28x3; of the others counted by hand, layer by layer."""
    module = plugins.NETS.load(net["name"])
    side = 28 if net["name"] == "mlp" else 32
    with torch.device("meta"):
        built = module.build(module.Settings(**net), (side, side, 3), 10)
    assert sum(value.numel() for value in built.parameters()) == parameters


def test_bundles_of_large_modules_are_small_on_a_gpu() -> None:
    """A model of 11 million parameters takes 0.36 GB with what belongs to it; half of the memory is for models."""
    found = [
        network.most_models(small_trials.trial(net={"name": "resnet", "width": width}).settings, free)
        for width, free in ((64, 8 * 2**30), (64, 1), (2, 8 * 2**30))
    ]
    assert found == [12, 1, 64]


@pytest.mark.parametrize("depth", [1, 4])
def test_operations_are_counted_on_a_module_as_by_a_formula(depth: int) -> None:
    """Of matrices: twice the product of the sizes forward, twice for the weights, and twice for the layer below."""
    deep_linear = plugins.NETS.load("deep_linear")
    inner, pixels = 10, 8 * 8 * 3
    sizes = [pixels, *[inner] * (depth - 1), 5]
    first, *rest = [2 * a * b for a, b in itertools.pairwise(sizes)]
    found = visit_flops(deep_linear.Settings(depth=depth, width=inner), (8, 8, 3), 5)
    assert found == 2 * first + 3 * sum(rest)  # the image needs no gradient
