"""Every engine against an independent PyTorch loop, and the promise that a bundle does not matter."""

import math

import numpy as np
import pytest
import torch

from tests.support.networks import small_trials
from tests.support.networks.trained import ALONE_TOLERANCE, of, run
from workers import plugins
from workers.experiments import network
from workers.interfaces.networks.divergence import DIVERGED, LARGEST_RISK
from workers.runtime import seeds
from workers.training.examples import subsets
from workers.training.examples.selection import Examples

pytestmark = pytest.mark.usefixtures("engine_name")


@pytest.mark.parametrize("optimizer", small_trials.OPTIMIZERS, ids=lambda o: f"{o['name']}-{o.get('momentum', 0)}")
@pytest.mark.parametrize("loss", small_trials.losses())
@pytest.mark.parametrize("net", small_trials.nets(), ids=lambda n: "-".join(str(v) for v in n.values()))
def test_a_trial_alone_and_in_a_bundle_of_16_agree(net: dict, loss: str, optimizer: dict) -> None:
    optimizer = optimizer if loss == "cross_entropy" else {**optimizer, "learning_rate": 0.003}
    bundle = [small_trials.trial(seed, net=net, loss=loss, optimizer=optimizer) for seed in range(16)]
    together = run(bundle)
    alone = of(bundle[5], run([bundle[5]]))
    assert of(bundle[5], together).keys() == alone.keys()
    for key, value in of(bundle[5], together).items():
        if key[2] == "error":
            assert value == alone[key]
        else:
            assert value == pytest.approx(alone[key], rel=ALONE_TOLERANCE)


def test_its_place_in_the_bundle_does_not_matter(engine_name: str) -> None:
    """With grouped convolutions to the tolerance only: they sum another place's channels in another order. With the
    kernels to the bit, whatever the bundle."""
    bundle = [small_trials.trial(seed) for seed in range(8)]
    tolerance = 0.0 if engine_name == "fused" else ALONE_TOLERANCE
    assert run(bundle) == pytest.approx(run(bundle[::-1]), rel=tolerance, abs=0)
    assert of(bundle[3], run(bundle)) == pytest.approx(of(bundle[3], run([bundle[3]])), rel=tolerance, abs=0)


def test_models_of_one_bundle_may_differ_in_rate_noise_and_scale() -> None:
    a = small_trials.trial(0, optimizer={"batch_size": 32, "learning_rate": 0.2})
    b = small_trials.trial(0, data={"name": "digits", "train_size": 120, "test_size": 60, "label_noise": 0.5})
    c = small_trials.trial(0, net={"name": "convnet", "depth": 3, "width": 6, "init_scale": 0.5})
    assert a.shape == b.shape == c.shape
    together = run([a, b, c])
    for trial in (a, b, c):
        alone = of(trial, run([trial]))
        assert all(of(trial, together)[k] == pytest.approx(v, rel=ALONE_TOLERANCE) for k, v in alone.items())


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("rate", [1e30, 1e9])
def test_a_diverging_neighbour_changes_no_bit(batch_norm: bool, rate: float) -> None:
    net = {"name": "convnet", "depth": 3, "width": 6, "batch_norm": batch_norm}
    healthy = [small_trials.trial(seed, net=net) for seed in range(3)]
    sick = small_trials.trial(9, net=net, optimizer={"batch_size": 32, "learning_rate": rate})
    well = small_trials.trial(9, net=net)
    with_sick, with_well = run([*healthy, sick]), run([*healthy, well])
    for trial in healthy:
        assert of(trial, with_sick) == of(trial, with_well)


def test_a_diverged_network_is_a_result_with_its_epoch() -> None:
    sick = small_trials.trial(1, optimizer={"batch_size": 32, "learning_rate": 1e30})
    progress = list(network.run([small_trials.trial(0), sick], "cpu", None))
    ended = {id: outcome for p in progress for id, outcome in p.ended.items()}
    assert ended[sick.id].state == "diverged" and ended[sick.id].step == 1
    assert ended[small_trials.trial(0).id].state == "finished"
    last = [row for p in progress for row in p.rows if row.trial == sick.id and row.measure == "risk"]
    assert max(row.step for row in last) == 1 and not np.isfinite(last[-1].value)


def test_a_risk_that_is_finite_and_beyond_the_stated_bound_has_diverged() -> None:
    far = small_trials.trial(
        1,
        optimizer={"batch_size": 32, "learning_rate": 1e-9},
        net={"name": "convnet", "depth": 3, "width": 6, "init_scale": 300.0},
    )
    progress = list(network.run([far], "cpu", None))
    (row,) = [r for p in progress for r in p.rows if (r.measure, r.split, r.step) == ("risk", "train", 0)]
    ended = progress[-1].ended[far.id]
    assert LARGEST_RISK < row.value < np.inf
    assert (ended.state, ended.step, ended.reason) == ("diverged", 0, DIVERGED)


def test_a_resumed_bundle_is_bitwise_the_undisturbed_one() -> None:
    bundle = [
        small_trials.trial(s, net={"name": "convnet", "depth": 3, "width": 6, "batch_norm": True}, epochs=5)
        for s in range(4)
    ]
    undisturbed = run(bundle)
    first = network.run(bundle, "cpu", None)
    state = [next(first).state() for _ in range(3)][-1]
    rest = [row for p in network.run(bundle, "cpu", state) for row in p.rows]
    assert {tuple(r[:5]): r.value for r in rest} == {k: v for k, v in undisturbed.items() if k[1] > 2}


@pytest.mark.parametrize("batch_norm", [False, True])
def test_against_an_independent_loop(batch_norm: bool) -> None:
    """The same trial with torch.nn modules, torch.optim.SGD and F.cross_entropy, one model."""
    net = {"name": "convnet", "depth": 3, "width": 6, "batch_norm": batch_norm}
    trial = small_trials.trial(
        3, net=net, precision="float64", optimizer={"batch_size": 32, "learning_rate": 0.05, "momentum": 0.9}
    )
    s = trial.settings
    data = network.load_images(s)
    examples = Examples.of(data, [s])
    parameters = plugins.NETS.load("convnet").init(s.net, (8, 8, 1), 10, seeds.torch_generator(3, "init"))
    model = _sequential(parameters, batch_norm).double()
    descent = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    x = (torch.tensor(data.train_x[examples.index[0]]).double().permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
    y = torch.tensor(examples.labels[0])
    for epoch in range(1, 4):
        order = torch.tensor(seeds.generator(3, "order", epoch).permutation(120))
        for batch in order.split(32):
            descent.zero_grad()
            torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            descent.step()
    model.eval()
    test_x = (torch.tensor(data.test_x).double().permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
    with torch.no_grad():
        expected = torch.nn.functional.cross_entropy(model(test_x), torch.tensor(data.test_y)).item()
    assert run([trial])[(trial.id, 3, "test", "risk", "")] == pytest.approx(expected, rel=1e-9)


def _sequential(p: dict[str, torch.Tensor], batch_norm: bool) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    for i, inputs in enumerate((1, 6, 6), start=1):
        conv = torch.nn.Conv2d(inputs, 6, 3, stride=2, padding=1, bias=not batch_norm)
        conv.weight.data = p[f"conv{i}.weight"].clone()
        if not batch_norm:
            conv.bias.data = p[f"conv{i}.bias"].clone()
        layers += [conv, *([torch.nn.BatchNorm2d(6, affine=False)] if batch_norm else []), torch.nn.ReLU()]
    output = torch.nn.Linear(6, 10)
    output.weight.data, output.bias.data = p["output.weight"].clone(), p["output.bias"].clone()
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), output)


def test_gradient_descent_in_chunks_is_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = small_trials.trial(0, optimizer={"name": "gd", "learning_rate": 0.1}, precision="float64")
    whole = run([trial])
    monkeypatch.setattr("workers.engines.reference.CHUNK_BYTES", 8 * 8 * 8 * 7)  # seven images at a time
    assert run([trial]) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("gap", [0.0, 5.0, 17.0, 30.0, 40.0, 90.0, -50.0])
def test_cross_entropy_is_exact_for_large_gaps(gap: float) -> None:
    """Against 50-digit arithmetic; the usual float64 formula is 0 at a gap of 40."""
    import mpmath

    outputs = torch.zeros(1, 1, 10, dtype=torch.float64)
    outputs[0, 0, 3] = gap
    found = plugins.LOSSES.load("cross_entropy").loss(outputs, torch.tensor([[3]])).item()
    with mpmath.workdps(50):
        expected = float(mpmath.log(1 + 9 * mpmath.exp(-mpmath.mpf(gap))))
    assert found == pytest.approx(expected, rel=1e-12)


def test_the_memo_net_has_9898_parameters_and_the_one_of_figure_5_102570() -> None:
    convnet = plugins.NETS.load("convnet")

    def count(**net: object) -> int:
        shapes = convnet.shapes(convnet.Settings(**net), (32, 32, 3), 10)
        return sum(int(np.prod(s)) for s in shapes.values())

    assert count(depth=5, width=16) == 9898
    assert count(depth=5, width=16, batch_norm=True) == 9818
    assert count(depth=4, width=16) == 8058
    assert count(depth=4, width=(16, 32, 64, 128)) == 102570


@pytest.mark.parametrize("net", [{"bias": "none"}, {"bias": "all"}], ids=lambda n: n["bias"])
def test_the_memos_equation_1(net: dict) -> None:
    """sum over a layer of dW_k df/dW_k = f for every layer of a homogeneous net (memo 90, eq. 1); not with biases."""
    convnet = plugins.NETS.load("convnet")
    settings = convnet.Settings(depth=4, width=8, **net)
    p = convnet.init(settings, (32, 32, 3), 10, torch.Generator().manual_seed(0))
    p = {name: (v.double() + (0.1 if name.endswith("bias") else 0))[None].requires_grad_() for name, v in p.items()}
    x = torch.rand(1, 1, 3, 32, 32, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    f = convnet.forward(settings, p, {}, x, True)[0, 0, 0]
    f.backward()
    inner = [(v * v.grad).sum().item() for name, v in p.items() if name.endswith("weight")]
    error = max(abs(value / f.item() - 1) for value in inner)
    assert error < 1e-10 if net["bias"] == "none" else error > 1e-3


@pytest.mark.parametrize("bias", ["none", "first", "all"])
def test_the_output_is_the_product_of_the_norms_times_that_of_the_normalised_network(bias: str) -> None:
    """f(W) = rho_1 ... rho_K f(V), V_k = W_k / rho_k (memo 90, Section 3); a bias in every layer breaks it.

    A bias in the first layer goes with that layer's weights: both are divided by the norm of the two together.
    """
    convnet = plugins.NETS.load("convnet")
    settings = convnet.Settings(depth=4, width=8, bias=bias)
    drawn = convnet.init(settings, (32, 32, 3), 10, torch.Generator().manual_seed(0))
    p = {name: v.double()[None] + (0.1 if name.endswith("bias") else 0) for name, v in drawn.items()}
    layers = {name.split(".")[0] for name in p}
    norms = {layer: sum(v.square().sum() for n, v in p.items() if n.startswith(layer)).sqrt() for layer in layers}
    normalised = {name: v / norms[name.split(".")[0]] for name, v in p.items()}
    x = torch.rand(1, 5, 3, 32, 32, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    f, tilde = (convnet.forward(settings, q, {}, x, False) for q in (p, normalised))
    error = (f / (math.prod(n.item() for n in norms.values()) * tilde) - 1).abs().max().item()
    assert error > 1e-3 if bias == "all" else error < 1e-10


@pytest.mark.parametrize(("degree", "interval"), [(2, 1.0), (4, 3.0), (10, 5.0)])
def test_the_polynomial_activation_is_the_nearest_to_relu(degree: int, interval: float) -> None:
    """Against a least-squares fit of ReLU on a fine grid: the same polynomial, degree by degree."""
    polynomial = plugins.NETS.load("polynomial")
    z = np.linspace(-interval, interval, 200_001)
    fitted = np.polynomial.Polynomial.fit(z, np.maximum(z, 0), degree)(z)
    settings = polynomial.Settings(degree=degree, interval=interval)
    found = polynomial.activation(settings, torch.from_numpy(z)).numpy()
    assert np.abs(found - fitted).max() < 1e-4 * interval


def test_no_engine_takes_the_polynomial_for_relu() -> None:
    one, other = (small_trials.trial(net={"name": name, "depth": 2, "width": 4}) for name in ("polynomial", "convnet"))
    found, relu = of(one, run([one])), of(other, run([other]))
    assert found[(0, "train", "risk", "")] != pytest.approx(relu[(0, "train", "risk", "")], rel=1e-3)


def test_subsets_are_nested_balanced_and_of_their_seed() -> None:
    labels = np.repeat(np.arange(10), 100)
    small, large = subsets.subset(labels, 95, 4), subsets.subset(labels, 400, 4)
    assert set(small) <= set(large) and list(large[:95]) == list(small)
    assert set(np.bincount(labels[large])) == {40} and np.ptp(np.bincount(labels[small])) <= 1
    assert set(subsets.subset(labels, 95, 5)) != set(small)
    assert sorted(subsets.subset(labels, None, 4)) == list(range(1000))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="at most the 1,297"):
        run([small_trials.trial(data={"name": "digits", "train_size": 5000})])
    with pytest.raises(ValueError, match=r"unknown loss 'cross_entrpy'.*did you mean 'cross_entropy'"):
        small_trials.trial(loss="cross_entrpy")
    with pytest.raises(ValueError, match="two examples"):
        small_trials.trial(net={"name": "convnet", "batch_norm": True}, data={"name": "digits", "train_size": 33})


def test_a_launch_reads_each_data_set_once_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    digits = plugins.DATASETS.load("digits")
    read, load = [], digits.load

    def counted(settings: object) -> object:
        read.append(settings)
        return load(settings)

    monkeypatch.setattr(digits, "load", counted)
    sizes = [
        {"name": "digits", "train_size": n, "normalize": how} for n in (50, 100) for how in ("half", "per_channel")
    ]
    trials = [small_trials.trial(0, data=data) for data in sizes]
    network.prepare(trials)
    assert len(read) == 1
